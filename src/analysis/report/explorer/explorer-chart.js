// The explorer's chart: one row a gap, with its interval, its words and a line at zero.
//
// Defines `drawGaps`. Colours are the page's own variables, so that light, dark and print follow
// the style sheet; Vega draws SVG, which takes them as they are.
(() => {
  "use strict";

  const NARROW = 640; // pixels; below it, a row's words stand above its interval
  const LINE = 19; // pixels a line of text
  const STRIP = 26; // pixels that an interval has below its words
  const GAP = 12; // pixels between rows
  const SIZE = 14;
  const AXIS_SIZE = 13;
  const STYLES = {
    strong: { weight: 600, color: "var(--ink)" },
    plain: { weight: 400, color: "var(--ink)" },
    muted: { weight: 400, color: "var(--muted)" },
  };

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

  /** Columns of a chart of some width: names, intervals, values; or all below each other. */
  function plan(width) {
    if (width < NARROW) {
      const whole = { x: 0, align: "left", room: width };
      return { narrow: true, names: whole, values: whole, range: [20, width - 20] };
    }
    const [left, right] = [Math.round(width * 0.36), Math.round(width * 0.27)];
    return {
      narrow: false,
      names: { x: 0, align: "left", room: left - GAP },
      values: { x: width - 2, align: "right", room: right - GAP },
      range: [left + 8, width - right - 8],
    };
  }

  /** Lines of text in a column, the first at so many pixels from the top. */
  function column(said, place, top, family) {
    const lines = said.flatMap(([text, style]) =>
      wrap(text, place.room, `${STYLES[style].weight} ${SIZE}px ${family}`)
        .map((line) => ({ text: line, style })));
    return lines.map((line, i) => ({ ...line, x: place.x, align: place.align, y: top + LINE * (i + 0.5) }));
  }

  /** One row from so many pixels: its texts, its height, and where its interval runs. */
  function arrangeRow(row, top, { narrow, names, values }, family) {
    const [first, ...others] = row.name;
    const left = column(
      [[first, "strong"], ...others.map((text) => [text, "plain"]), [row.sides, "muted"]],
      names, top, family);
    const below = narrow ? top + LINE * left.length : top;
    const right = column(
      [[row.value, row.estimate === null ? "muted" : "strong"], ...row.tags.map((text) => [text, "muted"])],
      values, below, family);
    const lines = narrow ? left.length + right.length : Math.max(left.length, right.length);
    const high = LINE * lines + (narrow ? STRIP : 0);
    const y = narrow ? top + high - STRIP / 2 : top + high / 2;
    // Where words stand above the intervals, the line at zero runs beside these alone.
    const [from, to] = narrow ? [y - STRIP / 2, y + STRIP / 2] : [top - GAP / 2, top + high + GAP / 2];
    return { texts: [...left, ...right], high, mark: { ...row, y }, zero: { zero: 0, y: from, y2: to } };
  }

  /** All rows below each other. */
  function arrange(rows, width, family) {
    const columns = plan(width);
    const drawn = { width, range: columns.range, texts: [], marks: [], zeros: [], lines: [], height: GAP / 2 };
    for (const row of rows) {
      const { texts, high, mark, zero } = arrangeRow(row, drawn.height, columns, family);
      drawn.texts.push(...texts);
      drawn.zeros.push(zero);
      if (row.estimate !== null) drawn.marks.push(mark);
      drawn.height += high + GAP;
      drawn.lines.push({ y: drawn.height - GAP / 2 });
    }
    return drawn;
  }

  const pixels = (field) => ({ field, type: "quantitative", scale: null, axis: null });

  /** Axis in points, with zero in view. */
  function axisOf(drawn, title, family) {
    const ends = drawn.marks.flatMap((mark) => [mark.low ?? mark.estimate, mark.high ?? mark.estimate]);
    return {
      type: "quantitative",
      title: wrap(title, drawn.width - GAP, `${AXIS_SIZE}px ${family}`),
      scale: { domain: [Math.min(0, ...ends), Math.max(0, ...ends)], nice: true, range: drawn.range },
      axis: {
        tickCount: Math.max(3, Math.round((drawn.range[1] - drawn.range[0]) / 70)),
        labelExpr: "datum.value == 0 ? '0' : format(datum.value, '+,~f')",
        grid: false, labelFlush: false, titlePadding: 8,
      },
    };
  }

  /** Intervals, then points: a raw gap is hollow, an adjusted one filled. */
  function marks(drawn, x) {
    const y = pixels("y");
    const point = (raw) => ({
      data: { values: drawn.marks.filter((mark) => mark.raw === raw) },
      mark: {
        type: "point", size: 110, strokeWidth: 2.5, opacity: 1,
        stroke: "var(--accent)", fill: raw ? "var(--paper)" : "var(--accent)",
      },
      encoding: { x: { ...x, field: "estimate" }, y },
    });
    const interval = {
      data: { values: drawn.marks.filter((mark) => mark.low !== null) },
      mark: { type: "rule", strokeWidth: 3, color: "var(--accent)" },
      encoding: { x: { ...x, field: "low" }, x2: { field: "high" }, y },
    };
    return [interval, point(true), point(false)];
  }

  /** Lines between rows, and the line at zero. */
  const rules = (drawn, x) => [
    {
      data: { values: drawn.lines },
      mark: { type: "rule", color: "var(--line)" },
      encoding: { y: pixels("y"), x: { value: 0 }, x2: { value: drawn.width } },
    },
    {
      data: { values: drawn.zeros },
      mark: { type: "rule", color: "var(--ink)", strokeWidth: 1.5 },
      encoding: { x: { ...x, field: "zero" }, y: pixels("y"), y2: { field: "y2" } },
    },
  ];

  /** Texts, a layer for each look. */
  const texts = (drawn) => Object.entries(STYLES).flatMap(([style, { weight, color }]) =>
    ["left", "right"].map((align) => ({
      data: { values: drawn.texts.filter((text) => text.style === style && text.align === align) },
      mark: { type: "text", align, baseline: "middle", fontSize: SIZE, fontWeight: weight, color },
      encoding: { x: pixels("x"), y: pixels("y"), text: { field: "text" } },
    })));

  /** The word that no picture of this chart may lack, repeated down a long one. */
  function watermark(drawn, text) {
    const times = Math.max(1, Math.round(drawn.height / 600));
    const values = Array.from({ length: times }, (_, i) => ({ y: (drawn.height * (i + 0.5)) / times }));
    return {
      data: { values },
      mark: {
        type: "text", text, fontSize: Math.min(drawn.width / 9, 64), fontWeight: 700, align: "center",
        baseline: "middle", color: "var(--muted)", opacity: 0.18, angle: drawn.height > 140 ? -12 : 0,
      },
      encoding: { x: { value: drawn.width / 2 }, y: pixels("y") },
    };
  }

  function specification(drawn, family, { axis, synthetic, format }) {
    const x = axisOf(drawn, axis, family);
    return {
      width: drawn.width, height: drawn.height, background: null,
      padding: { left: 0, right: 0, top: 0, bottom: 6 }, autosize: { type: "pad" },
      layer: [
        ...(synthetic ? [watermark(drawn, synthetic)] : []),
        ...rules(drawn, x), ...marks(drawn, x), ...texts(drawn),
      ],
      config: {
        aria: false, font: family, view: { stroke: null }, locale: { number: format },
        axis: {
          labelFontSize: AXIS_SIZE, titleFontSize: AXIS_SIZE, titleFontWeight: 400,
          labelColor: "var(--ink)", titleColor: "var(--muted)",
          tickColor: "var(--muted)", domainColor: "var(--muted)",
        },
      },
    };
  }

  /** Where Vega draws, and says what it will: the element itself has the alternative text. */
  function inner(element) {
    if (!element.firstElementChild) {
      element.append(document.createElement("div"));
      element.firstElementChild.setAttribute("aria-hidden", "true");
    }
    return element.firstElementChild;
  }

  let drawing = Promise.resolve();

  /** Draw rows into an element, over its whole width, in place of what was drawn before.
   *
   *  A row has `name` (lines), `sides`, `value`, `tags`, and `estimate`, `low`, `high` in points
   *  or null; `raw` tells whether nothing is held fixed. Options are the `axis` title, the word
   *  that marks `synthetic` data, and the number `format` of Vega. */
  window.drawGaps = (element, rows, options) => {
    const family = getComputedStyle(element).fontFamily;
    const drawn = arrange(rows, element.clientWidth, family);
    // Interpreted expressions need no eval, which a page may be forbidden.
    const how = {
      mode: "vega-lite", renderer: "svg", ast: true,
      actions: false, tooltip: false, defaultStyle: false,
    };
    drawing = drawing.then((before) => {
      before?.finalize();
      return window.vegaEmbed(inner(element), specification(drawn, family, options), how);
    });
    return drawing;
  };
})();
