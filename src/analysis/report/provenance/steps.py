"""The crate's runs: the report as a workflow, each notebook as a step of it, with parameters."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rocrate.model import ContextEntity, Entity
from rocrate.rocrate import ROCrate

from analysis.report.contents import Contents
from analysis.report.provenance.facts import Facts
from analysis.report.provenance.inputs import Inputs, set_properties
from analysis.report.provenance.layout import told_version
from analysis.runs.parameters import MODELS
from analysis.vocabulary import LANGUAGES

COMPLETED = "http://schema.org/CompletedActionStatus"
BIOSCHEMAS = "https://bioschemas.org/profiles"
DATA_FORMAT = "Collection"


@dataclass(frozen=True)
class Steps:
    """Adds the runs to a crate that has its files and its inputs.

    Attributes
    ----------
    crate
        The crate.
    contents, facts
        The report and what it was made of.
    inputs
        Entities of data and software.
    files
        Entities of files, by path; of folders too, with a slash at the end.
    """

    crate: ROCrate
    contents: Contents
    facts: Facts
    inputs: Inputs
    files: Mapping[str, Entity]

    def add(self, program: str, folder: str) -> list[Entity]:
        """Add the workflow and its runs; give the actions."""
        python = self._context(
            "#python", "ComputerLanguage", name="Python", url="https://python.org"
        )
        reads = self._formal("#in-data", "processed table and published figures", DATA_FORMAT)
        for entity in self.inputs.read:
            entity["exampleOfWork"] = reads
        tools = [self._tool(name, folder, python, reads) for name in self.facts.parameters]
        actions = [
            self._run(name, tool) for name, tool in zip(self.facts.parameters, tools, strict=True)
        ]
        steps = self._steps(tools)
        workflow = self._workflow(program, python, tools, steps)
        whole = self._whole(workflow, actions)
        controls = [
            self._context(
                f"#control-{name}", "ControlAction", name=f"run {name}", instrument=step, object=act
            )
            for name, step, act in zip(self.facts.parameters, steps, actions, strict=True)
        ]
        organised = self._context(
            "#execution",
            "OrganizeAction",
            name="placement-gaps report",
            instrument=self.inputs.program,
            object=controls,
            result=whole,
            actionStatus=COMPLETED,
        )
        return [whole, *actions, organised]

    def _tool(self, name: str, folder: str, python: Entity, reads: Entity) -> Entity:
        """The notebook without outputs, as what was run."""
        tool = self.files[f"{folder}/{name}.ipynb"]
        output = self._formal(f"#out-{name}", f"{name}, executed", "File")
        self.files[f"notebooks/{name}.ipynb"]["exampleOfWork"] = output
        set_properties(
            tool,
            name=name,
            programmingLanguage=python,
            version=told_version(self.facts.code),
            input=[reads, *(formal for formal, _ in self._parameters(name))],
            output=[output],
        )
        return self._documented(tool, f"pages/{name}.{LANGUAGES[0]}.html")

    def _parameters(self, notebook: str) -> Iterator[tuple[Entity, Entity]]:
        """Each parameter of a notebook and its value; values that are no scalars as JSON."""
        fields = MODELS[notebook].model_fields
        for name, value in self.facts.parameters[notebook].items():
            kind, plain = _scalar(value)
            formal = self._formal(
                f"#parameter-{notebook}-{name}", name, kind, description=fields[name].description
            )
            given = self._context(
                f"#value-{notebook}-{name}", "PropertyValue", name=name, value=plain
            )
            given["exampleOfWork"] = formal
            yield formal, given

    def _run(self, name: str, tool: Entity) -> Entity:
        key = self.facts.runs.get(name)
        made = [one for one in self.contents.figures if one.notebook == name]
        paths = [f"notebooks/{name}.ipynb"]
        paths += [path for figure in made for path in _figure_files(figure.id)]
        for table in self.contents.tables:
            if table.notebook == name:
                paths += [table.file(kind) for kind in ("csv", "json", "parquet")]
        return self._context(
            f"#run-{key or name}",
            "CreateAction",
            name=f"run of {name}",
            description=f"Execution of the notebook {name} with the parameters given",
            instrument=tool,
            object=[*self.inputs.read, *(value for _, value in self._parameters(name))],
            result=[self.files[path] for path in paths],
            actionStatus=COMPLETED,
        )

    def _steps(self, tools: list[Entity]) -> list[Entity]:
        named = zip(self.facts.parameters, tools, strict=True)
        return [
            self._context(
                f"#step-{name}", "HowToStep", name=name, position=str(place), workExample=tool
            )
            for place, (name, tool) in enumerate(named, start=1)
        ]

    def _workflow(
        self, program: str, python: Entity, tools: list[Entity], steps: list[Entity]
    ) -> Entity:
        extract = self._formal("#in-extract", "extract", DATA_FORMAT)
        self.inputs.extract["exampleOfWork"] = extract
        given = [formal for name in self.facts.parameters for formal, _ in self._parameters(name)]
        workflow = self.files[program]
        self.crate.mainEntity = workflow
        self.crate.metadata["conformsTo"] = [
            {"@id": self.crate.metadata.profile},
            {"@id": "https://w3id.org/workflowhub/workflow-ro-crate/1.0"},
        ]
        set_properties(
            workflow,
            name="report",
            programmingLanguage=python,
            conformsTo={"@id": f"{BIOSCHEMAS}/ComputationalWorkflow/1.0-RELEASE"},
            version=told_version(self.facts.code),
            input=[extract, *given],
            output=self._outputs(),
            hasPart=tools,
            step=steps,
            softwareRequirements=self.inputs.program,
        )
        return self._documented(workflow, f"pages/methods.{LANGUAGES[0]}.html")

    def _outputs(self) -> list[Entity]:
        outputs = []
        for folder, entity in self._folders().items():
            outputs.append(self._formal(f"#out-{folder.rstrip('/')}", folder, "Dataset"))
            entity["exampleOfWork"] = outputs[-1]
        return outputs

    def _folders(self) -> dict[str, Entity]:
        """The folders that were made, all but the one of what was run."""
        source = f"{self.crate.mainEntity.id.split('/')[0]}/"
        return {
            path: entity
            for path, entity in self.files.items()
            if path.endswith("/") and path != source
        }

    def _whole(self, workflow: Entity, actions: list[Entity]) -> Entity:
        given = [value for name in self.facts.parameters for _, value in self._parameters(name)]
        top = [entity for path, entity in self.files.items() if "/" not in path]
        return self._context(
            "#report",
            "CreateAction",
            name="run of the report",
            description=f"Execution of {len(actions)} notebooks, writing of pages and documents",
            instrument=workflow,
            object=[self.inputs.extract, *self.inputs.published, *given],
            result=[*self._folders().values(), *top],
            actionStatus=COMPLETED,
        )

    def _formal(self, identifier: str, name: str, kind: str, **about: object) -> Entity:
        return self._context(
            identifier,
            "FormalParameter",
            name=name,
            additionalType=kind,
            conformsTo={"@id": f"{BIOSCHEMAS}/FormalParameter/1.0-RELEASE"},
            **about,
        )

    def _context(self, identifier: str, kind: str, **about: object) -> Entity:
        """An entity that is no file; made at the first call."""
        known: Entity | None = self.crate.get(identifier)
        if known is not None:
            return known
        entity = self.crate.add(ContextEntity(self.crate, identifier, properties={"@type": kind}))
        return set_properties(
            entity, **{name: value for name, value in about.items() if value is not None}
        )

    def _documented(self, entity: Entity, page: str) -> Entity:
        """Link an entity with the page that tells of it, if the pack has it."""
        if page in self.files:
            entity["url"] = self.files[page]
        return entity


def _figure_files(name: str) -> list[str]:
    kinds = ("json", "pdf", "png", "svg")
    return [f"figures/{name}.csv"] + [
        f"figures/{name}.{language}.{kind}" for language in LANGUAGES for kind in kinds
    ]


def _scalar(value: object) -> tuple[str, object]:
    """Name of a value's type in schema.org, and the value as that type has it."""
    if isinstance(value, bool):
        return "Boolean", value
    if isinstance(value, int):
        return "Integer", value
    if isinstance(value, float):
        return "Float", value
    if isinstance(value, str):
        return "Text", value
    return "Text", json.dumps(value)
