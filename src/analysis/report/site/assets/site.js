// Every page: light or dark colours, and the language switch, which keeps the page's place.
(() => {
  "use strict";
  const KEY = "placement-gaps-theme";
  const root = document.documentElement;
  const wantsDark = matchMedia("(prefers-color-scheme: dark)");

  // Storage may be refused on pages opened from a disk; the choice then holds for one page.
  const stored = () => {
    try { return localStorage.getItem(KEY); } catch { return null; }
  };
  const store = (theme) => {
    try { localStorage.setItem(KEY, theme); } catch { /* the page itself keeps it */ }
  };
  const isDark = () => (root.dataset.theme || (wantsDark.matches ? "dark" : "light")) === "dark";

  root.classList.add("js");
  // Before the page is painted, so that it never flashes in the other colours.
  const before = stored();
  if (before === "dark" || before === "light") root.dataset.theme = before;

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const show = () => button.setAttribute("aria-pressed", String(isDark()));
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      store(root.dataset.theme);
      show();
    });
    wantsDark.addEventListener("change", show);
    show();

    // What scrolls sideways at this width can be reached from the keyboard; the rest need not be.
    const reach = () => {
      for (const box of document.querySelectorAll("pre, .formula")) {
        if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
        else box.removeAttribute("tabindex");
      }
    };
    addEventListener("resize", reach);
    document.addEventListener("toggle", reach, true);
    reach();

    for (const link of document.querySelectorAll("a[data-keeps-hash]")) {
      link.addEventListener("click", () => { link.hash = location.hash; });
    }
  });
})();
