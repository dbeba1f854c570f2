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
      settled[name] = choice ?? offered.find((value) => value !== EVERY);
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
    if (row.touch) parts.push(words.touch_one);
    if (row.small) parts.push(words.small_one);
    return [...parts, `${shared([row], ["outcome", "group"])}.`].join(" ");
  }

  function manyRows(chosen, outcome) {
    const parts = [fill(words.several, { outcome, rows: total(chosen.length) })];
    const told = {
      zero_several: (row) => row.zero,
      touch_several: (row) => row.touch,
      small_several: (row) => row.small,
      missing_several: missing,
    };
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

  const tags = (row) => [
    row.zero ? words.zero : "",
    row.touch ? words.touch : "",
    row.small ? words.indicative : "",
  ].filter(Boolean);

  const remarks = (row) => [...tags(row), row.note].filter(Boolean).join(words.list_separator);

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

  const isRaw = (row) => code(row, names.indexOf("adjustment")) === "none";

  function sidesOf(row) {
    const [n, n_reference] = row.sides;
    if (row.n[0] === null) return fill(words.choice, { name: words.reference, value: row.reference });
    return fill(words.sides, { n, n_reference, reference: row.reference });
  }

  function showChart(chosen) {
    const chart = byId("chart");
    chart.setAttribute("aria-label", spoken(chosen));
    const drawn = chosen.map((row) => ({
      estimate: row.estimate, low: row.low, high: row.high, raw: isRaw(row),
      name: rowName(row), sides: sidesOf(row), value: shownValue(row), tags: tags(row),
    }));
    const { axis, synthetic } = words;
    return window.drawGaps(chart, drawn, { axis, synthetic, format: data.format });
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
      [words.gap, (row) => row.estimate],
      [words.low, (row) => row.low], [words.high, (row) => row.high],
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
