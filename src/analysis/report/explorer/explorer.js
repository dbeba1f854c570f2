// The explorer: selects rows that were made and worded beforehand, and shows them.
//
// Every number that is read as text comes from the page's data, in its language; only the labels
// of the axis are written here, by Vega, in the format that the data give.
(() => {
  "use strict";

  const data = JSON.parse(document.getElementById("payload").textContent);
  const { dimensions, every: EVERY, words } = data;
  const names = dimensions.map((one) => one.name);
  const codes = dimensions.map((one) => Object.keys(one.values));
  const rows = data.rows.map((values) =>
    Object.fromEntries(data.fields.map((field, i) => [field, values[i]])));
  const byId = (id) => document.getElementById(id);
  const language = document.documentElement.lang;

  const NARROW = 640; // pixels; below it, a row's words stand above its interval
  const LINE = 19;
  const SPOKEN = 12; // rows; beyond it, the chart's alternative text points to the table

  const fill = (template, values) =>
    template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const total = (count) => count.toLocaleString(language);
  const code = (row, i) => codes[i][row.at[i]];
  const label = (row, name) => {
    const i = names.indexOf(name);
    return dimensions[i].values[code(row, i)];
  };

  // ---- State: one value a dimension, or every; never a combination without a row ----

  let state = {};

  /** The choices nearest to those wished for: each dimension keeps its value if the ones before
   *  it leave rows with it, else takes the page's own start, else the first that there is. */
  function settle(wished) {
    const settled = {};
    const options = {};
    let left = rows;
    names.forEach((name, i) => {
      const there = new Set(left.map((row) => code(row, i)));
      const offered = codes[i].filter((value) => there.has(value));
      if (offered.length > 1 && !data.single.includes(name)) offered.unshift(EVERY);
      const choice = [wished[name], data.start[name]].find((value) => offered.includes(value));
      settled[name] = choice ?? offered[0];
      options[name] = offered;
      if (settled[name] !== EVERY) left = left.filter((row) => code(row, i) === settled[name]);
    });
    return { settled, options, chosen: left };
  }

  const fromHash = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const toHash = () => "#" + new URLSearchParams(state);

  // ---- Choices ----

  function showChoices(options) {
    names.forEach((name, i) => {
      const select = byId(`choice-${name}`);
      const offered = options[name].map((value) => {
        const text = value === EVERY ? words[`every_${name}`] : dimensions[i].values[value];
        return new Option(text, value);
      });
      select.replaceChildren(...offered);
      select.value = state[name];
    });
  }

  // ---- Words ----

  /** The choices that all rows shown share, but for those that are said elsewhere. */
  function shared(chosen, omit) {
    return names
      .filter((name) => state[name] !== EVERY && !omit.includes(name))
      .map((name) => fill(words.choice, { name: words[name], value: label(chosen[0], name) }))
      .join(words.view_separator);
  }

  const missing = (row) => row.estimate === null;

  function summary(chosen) {
    const outcome = label(chosen[0], "outcome");
    return chosen.length === 1 ? oneRow(chosen[0], outcome) : manyRows(chosen, outcome);
  }

  function oneRow(row, outcome) {
    const [n, n_reference] = row.sides;
    const values = { ...row, outcome, n, n_reference, group: label(row, "group") };
    const parts = [fill(missing(row) ? words.sentence_missing : words.sentence, values)];
    if (row.zero) parts.push(words.zero_one);
    if (row.small) parts.push(words.small_one);
    return [...parts, `${shared([row], ["outcome", "group"])}.`].join(" ");
  }

  function manyRows(chosen, outcome) {
    const parts = [fill(words.several, { outcome, rows: total(chosen.length) })];
    const told = { zero_several: (row) => row.zero, small_several: (row) => row.small, missing_several: missing };
    for (const [key, holds] of Object.entries(told)) {
      const found = chosen.filter(holds).length;
      if (found) parts.push(fill(words[key], { rows: total(found) }));
    }
    const view = shared(chosen, ["outcome"]);
    return [...parts, view ? `${view}.` : ""].join(" ").trim();
  }

  /** What tells a row from the others shown; its group if nothing needs to. */
  function rowName(row) {
    const varying = names.filter((name) => state[name] === EVERY);
    return (varying.length ? varying : ["group"]).map((name) => label(row, name));
  }

  const shownValue = (row) => (missing(row) ? row.note : `${row.gap} (${row.interval})`);

  function spoken(chosen) {
    if (chosen.length > SPOKEN) return fill(words.chart_many, { rows: total(chosen.length) });
    const values = chosen.map((row) => `${rowName(row).join(", ")} ${shownValue(row)}`)
      .join(words.list_separator);
    return fill(words.chart, { values });
  }

  // ---- Table ----

  /** Columns of the table: heading, what stands in a row, and whether it is a number. */
  function columns() {
    const side = (i) => (row) => row.sides[i];
    const varying = names.filter((name) => name !== "group" && state[name] === EVERY);
    return [
      [words.group, (row) => label(row, "group"), false],
      [words.reference, (row) => row.reference, false],
      ...varying.map((name) => [words[name], (row) => label(row, name), false]),
      [words.gap, (row) => row.gap, true],
      [words.interval, (row) => row.interval, true],
      [words.n_group, side(0), true],
      [words.n_reference, side(1), true],
      [words.note, remarks, false],
    ];
  }

  function remarks(row) {
    const said = [row.zero ? words.zero : "", row.small ? words.indicative : "", row.note];
    return said.filter(Boolean).join(words.list_separator);
  }

  function element(tag, text, attributes = {}) {
    const made = document.createElement(tag);
    made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }

  function showTable(chosen) {
    const table = byId("rows");
    const shown = columns();
    const style = (amount) => (amount ? { class: "amount" } : {});
    const head = element("tr", "");
    head.append(...shown.map(([text, , amount]) =>
      element("th", text, { scope: "col", ...style(amount) })));
    const body = chosen.map((row) => {
      const line = element("tr", "");
      line.append(...shown.map(([, value, amount], i) =>
        (i ? element("td", value(row), style(amount)) : element("th", value(row), { scope: "row" }))));
      return line;
    });
    table.caption.textContent = fill(words.table_caption, { outcome: label(chosen[0], "outcome") });
    table.tHead.replaceChildren(head);
    table.tBodies[0].replaceChildren(...body);
  }

  // ---- Chart ----

  const pen = document.createElement("canvas").getContext("2d");

  /** Break a text into lines no wider than so many pixels. */
  function wrap(text, width, font) {
    pen.font = font;
    const lines = [];
    for (const word of text.split(" ")) {
      const longer = lines.length ? `${lines[lines.length - 1]} ${word}` : word;
      if (lines.length && pen.measureText(longer).width <= width) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines;
  }

  /** Marks and words of the chart in pixels from the top; the interval's ends in points. */
  function arrange(chosen, width, fonts) {
    const narrow = width < NARROW;
    const left = narrow ? 0 : Math.round(width * 0.34);
    const right = narrow ? 0 : Math.round(width * 0.26);
    const texts = [];
    const marks = [];
    const lines = [];
    const zeros = [];
    let top = 4;
    const write = (words_, x, align, room, y, kind) => {
      const broken = words_.flatMap((text) => wrap(text, room, fonts[kind]));
      broken.forEach((text, i) => texts.push({ text, x, align, kind, y: y + LINE * (i + 0.5) }));
      return broken.length * LINE;
    };
    for (const row of chosen) {
      const [n, n_reference] = row.sides;
      const room = (narrow ? width : left) - 12;
      const [first, ...others] = rowName(row);
      let used = write([first], 0, "left", room, top, "strong");
      used += write(others, 0, "left", room, top + used, "plain");
      const sides = fill(words.sides, { n, n_reference, reference: row.reference });
      used += write([sides], 0, "left", room, top + used, "muted");
      const tags = [row.zero ? words.zero : "", row.small ? words.indicative : ""].filter(Boolean);
      const x = narrow ? 0 : width;
      const align = narrow ? "left" : "right";
      const start = narrow ? top + used : top;
      const space = (narrow ? width : right) - 12;
      let beside = write([shownValue(row)], x, align, space, start, missing(row) ? "muted" : "strong");
      beside += write(tags, x, align, space, start + beside, "muted");
      const high = narrow ? used + beside + 26 : Math.max(used, beside);
      const y = narrow ? top + high - 13 : top + high / 2;
      if (!missing(row)) marks.push({ y, estimate: row.estimate, low: row.low, high: row.high, raw: isRaw(row) });
      // Where words stand above the intervals, the line at zero runs beside these alone.
      zeros.push({ zero: 0, y: narrow ? y - 13 : top - 4, y2: narrow ? y + 13 : top + high + 8 });
      top += high + 12;
      lines.push({ y: top - 6 });
    }
    const title = wrap(words.axis, width - 8, fonts.axis);
    return { texts, marks, lines, zeros, title, height: top, range: narrow ? [10, width - 10] : [left + 8, width - right - 8] };
  }

  const isRaw = (row) => code(row, names.indexOf("adjustment")) === "none";

  function specification(drawn, width, family) {
    const x = { field: "estimate", type: "quantitative", title: drawn.title };
    const pixels = (field) => ({ field, type: "quantitative", scale: null, axis: null });
    const ends = drawn.marks.flatMap((mark) => [mark.low ?? mark.estimate, mark.high ?? mark.estimate]);
    const axis = {
      tickCount: Math.max(3, Math.round((drawn.range[1] - drawn.range[0]) / 70)),
      labelExpr: "datum.value == 0 ? '0' : format(datum.value, '+,~f')",
      grid: false, labelFlush: false, titlePadding: 8,
    };
    const scale = { domain: [Math.min(0, ...ends), Math.max(0, ...ends)], nice: true, range: drawn.range };
    const written = (kind, align) => ({
      transform: [{ filter: { and: [`datum.kind == '${kind}'`, `datum.align == '${align}'`] } }],
      mark: {
        type: "text", align, baseline: "middle", limit: width,
        fontWeight: kind === "strong" ? 600 : 400, color: kind === "muted" ? "var(--muted)" : "var(--ink)",
      },
      encoding: { x: pixels("x"), y: pixels("y"), text: { field: "text" } },
      data: { values: drawn.texts },
    });
    const layers = [
      { data: { values: drawn.lines }, mark: { type: "rule", color: "var(--line)" },
        encoding: { y: pixels("y"), x: { value: 0 }, x2: { value: width } } },
      { data: { values: drawn.zeros }, mark: { type: "rule", color: "var(--ink)", strokeWidth: 1.5 },
        encoding: { x: { ...x, field: "zero", axis, scale }, y: pixels("y"), y2: { field: "y2" } } },
      { mark: { type: "rule", strokeWidth: 3, color: "var(--accent)" },
        encoding: { x: { ...x, field: "low", axis, scale }, x2: { field: "high" }, y: pixels("y") },
        transform: [{ filter: "isValid(datum.low)" }] },
      ...[true, false].map((raw) => ({
        transform: [{ filter: `datum.raw == ${raw}` }],
        mark: { type: "point", size: 110, strokeWidth: 2.5, opacity: 1, stroke: "var(--accent)",
          fill: raw ? "var(--paper)" : "var(--accent)" },
        encoding: { x: { ...x, axis, scale }, y: pixels("y") },
      })),
      written("strong", "left"), written("strong", "right"), written("plain", "left"),
      written("muted", "left"), written("muted", "right"),
    ];
    if (words.synthetic) layers.push(watermark(width, drawn.height));
    return {
      $schema: "https://vega.github.io/schema/vega-lite/v6.json",
      width, height: drawn.height, padding: { left: 0, right: 0, top: 0, bottom: 6 }, background: null, autosize: { type: "pad" },
      data: { values: drawn.marks },
      layer: layers,
      config: {
        aria: false, font: family, view: { stroke: null }, locale: { number: data.format },
        text: { fontSize: 14 },
        axis: { labelFontSize: 13, titleFontSize: 13, titleFontWeight: 400, labelColor: "var(--ink)",
          titleColor: "var(--muted)", tickColor: "var(--muted)", domainColor: "var(--muted)" },
      },
    };
  }

  /** The word that no picture of this chart may lack. */
  const watermark = (width, height) => ({
    data: { values: [{}] },
    mark: { type: "text", text: words.synthetic, fontSize: Math.min(width / 9, 64), fontWeight: 700,
      align: "center", baseline: "middle", color: "var(--muted)", opacity: 0.2, angle: height > 140 ? -12 : 0 },
    encoding: { x: { value: width / 2 }, y: { value: height / 2 } },
  });

  let drawing = Promise.resolve();

  function showChart(chosen) {
    const chart = byId("chart");
    chart.setAttribute("aria-label", spoken(chosen));
    const width = chart.clientWidth;
    const family = getComputedStyle(chart).fontFamily;
    const fonts = { strong: `600 14px ${family}`, plain: `400 14px ${family}`, muted: `400 14px ${family}`, axis: `400 13px ${family}` };
    const drawn = arrange(chosen, width, fonts);
    // Interpreted expressions need no eval, which a page may be forbidden.
    const options = { renderer: "svg", ast: true, actions: false, tooltip: false, defaultStyle: false };
    drawing = drawing.then(async (before) => {
      before?.finalize();
      return window.vegaEmbed(chart, specification(drawn, width, family), options);
    });
  }

  // ---- The page ----

  let shown = [];

  function show(wished) {
    const { settled, options, chosen } = settle(wished);
    state = settled;
    shown = chosen;
    showChoices(options);
    byId("summary").textContent = summary(chosen);
    byId("definition").textContent = data.definitions[state.outcome];
    byId("copied").textContent = "";
    byId("link-label").hidden = true;
    showTable(chosen);
    showChart(chosen);
  }

  /** Rows as CSV: words of the page's language, numbers as numbers. */
  function csv(chosen) {
    const fields = [
      ...names.map((name) => [words[name], (row) => label(row, name)]),
      [words.reference, (row) => row.reference],
      [words.gap, (row) => row.estimate], [words.low, (row) => row.low], [words.high, (row) => row.high],
      [words.n_group, (row) => row.n[0]], [words.n_reference, (row) => row.n[1]],
      [words.note, (row) => row.note],
      ...(words.synthetic ? [[words.data, () => words.synthetic]] : []),
    ];
    const cell = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
    const lines = [fields.map(([heading]) => cell(heading))];
    for (const row of chosen) lines.push(fields.map(([, value]) => cell(value(row))));
    return lines.map((line) => line.join(",")).join("\n") + "\n";
  }

  function download() {
    // The mark of UTF-8 at the beginning: spreadsheets misread accents without it.
    const file = new Blob(["\ufeff", csv(shown)], { type: "text/csv" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = `gaps-${state.outcome.replaceAll("_", "-")}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  async function copyLink() {
    const address = location.href.replace(/#.*$/, "") + toHash();
    try {
      await navigator.clipboard.writeText(address);
      byId("copied").textContent = words.copied;
    } catch {
      // A page opened from a disk may have no clipboard: the link stands ready to be copied.
      byId("link-label").hidden = false;
      byId("link").value = address;
      byId("link").select();
    }
  }

  byId("explorer").hidden = false;
  byId("choices").addEventListener("change", (event) => {
    show({ ...state, [event.target.name]: event.target.value });
    history.replaceState(null, "", toHash());
  });
  byId("choices").addEventListener("submit", (event) => event.preventDefault());
  byId("copy").addEventListener("click", copyLink);
  byId("download").addEventListener("click", download);
  addEventListener("hashchange", () => show(fromHash()));
  show(fromHash());
  let width = byId("chart").clientWidth;
  new ResizeObserver(() => {
    if (byId("chart").clientWidth === width) return;
    width = byId("chart").clientWidth;
    requestAnimationFrame(() => showChart(shown));
  }).observe(byId("chart"));
})();
