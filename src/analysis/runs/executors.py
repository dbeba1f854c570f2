"""What executes notebooks: this machine, or a cluster that runs already."""

import os
from collections.abc import Sequence

from analysis.runs.renew import Execute
from analysis.runs.task import Ended, Finished, Task

TIME_LIMIT_SECONDS = 900.0


def executor(
    *,
    scheduler: str | None = None,
    jobs: int | None = None,
    time_limit: float = TIME_LIMIT_SECONDS,
    quiet: bool = False,
) -> Execute:
    """What executes notebooks, with its options.

    Parameters
    ----------
    scheduler
        Address of a Dask scheduler; this machine when not given.
    jobs
        Notebooks at the same time on this machine; the number of processors when not given.
    time_limit
        Seconds that one notebook may take.
    quiet
        Show no progress.
    """

    # Imported late: where all results stand, nothing is executed.
    def here(tasks: Sequence[Task], finished: Finished) -> list[Ended]:
        from analysis.runs.runner import run_notebooks

        at_once = jobs or os.cpu_count() or 1
        return run_notebooks(
            tasks, jobs=at_once, time_limit=time_limit, quiet=quiet, finished=finished
        )

    def there(tasks: Sequence[Task], finished: Finished) -> list[Ended]:
        from analysis.runs.cluster import run_on_cluster

        assert scheduler is not None
        return run_on_cluster(
            tasks, scheduler=scheduler, time_limit=time_limit, quiet=quiet, finished=finished
        )

    return there if scheduler else here
