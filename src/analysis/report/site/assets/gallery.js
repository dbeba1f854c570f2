// The page of figures: choosing by stage, group and method, and the large view.
(() => {
  "use strict";
  const form = document.getElementById("filter");
  const status = form.querySelector("[role=status]");
  const selects = [...form.querySelectorAll("select")];
  const figures = [...document.querySelectorAll(".gallery > article")];
  const shown = () => figures.filter((figure) => !figure.hidden);

  // Choosing. The address holds what is chosen, so that a link shows the same figures.
  const apply = () => {
    for (const figure of figures) {
      figure.hidden = !selects.every(
        ({ name, value }) => !value || figure.dataset[name].split(" ").includes(value),
      );
    }
    status.textContent = status.dataset.words.replace("{shown}", shown().length);
  };
  const choose = (chosen) => {
    for (const select of selects) {
      const wanted = chosen.get(select.name);
      const known = [...select.options].some((option) => option.value === wanted);
      select.value = known ? wanted : "";
    }
    apply();
  };
  const remember = () => {
    const chosen = new URLSearchParams(
      selects.filter(({ value }) => value).map(({ name, value }) => [name, value]),
    );
    // Replacing the hash works on pages opened from a disk, and adds nothing to the history.
    location.replace(`#${chosen}`);
  };
  const read = () => {
    const hash = decodeURIComponent(location.hash.slice(1));
    const target = document.getElementById(hash);
    choose(new URLSearchParams(target ? "" : hash));
    // A figure that was hidden a moment ago could not be scrolled to.
    if (target) target.scrollIntoView();
  };

  form.addEventListener("change", () => { apply(); remember(); });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    choose(new URLSearchParams());
    remember();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", read);
  form.hidden = false;
  read();

  // The large view: a dialog, which the browser closes with Escape and keeps the focus in.
  const dialog = document.getElementById("large");
  const label = Object.assign(document.createElement("span"), { className: "number" });
  let current = figures[0];
  const show = (figure) => {
    current = figure;
    const image = figure.querySelector("img").cloneNode();
    image.loading = "eager";
    const caption = document.createElement("p");
    caption.className = "note";
    caption.textContent = figure.querySelector("figcaption").textContent;
    dialog.querySelector("[data-figure]").replaceChildren(image, caption);
    const [number, title] = [...figure.querySelector("h2").childNodes].map((part) => part.textContent);
    dialog.querySelector("h2").replaceChildren(label, title);
    label.textContent = number;
    dialog.scrollTop = 0;
  };
  const step = (by) => {
    const all = shown();
    show(all[(all.indexOf(current) + by + all.length) % all.length]);
  };
  for (const figure of figures) {
    for (const opener of figure.querySelectorAll(".enlarge, img")) {
      opener.addEventListener("click", (event) => {
        event.preventDefault();
        show(figure);
        dialog.showModal();
      });
    }
  }
  for (const button of dialog.querySelectorAll("[data-step]")) {
    button.addEventListener("click", () => step(Number(button.dataset.step)));
  }
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
})();
