// Shows and hides the cases; what is chosen stands in the address after "#", so that a link keeps it.
// Nothing here makes HTML: every text is already in the page, escaped.
"use strict";
(() => {
  const form = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const nothing = document.getElementById("nothing");
  const cases = [...document.querySelectorAll("#list > .case")].map((item) => ({
    item,
    details: item.querySelector("details"),
    tags: JSON.parse(item.dataset.tags),
    words: "",
  }));
  const names = ["text", "result", "kind", "tag", "half", "status", "expect"];
  let typing = 0;

  const chosen = () => Object.fromEntries(names.map((name) => [name, form.elements[name].value]).filter(([, value]) => value));

  function fits(one, wanted, words) {
    for (const [name, value] of Object.entries(wanted)) {
      if (name === "tag" ? !one.tags.includes(value) : name !== "text" && one.item.dataset[name] !== value) return false;
    }
    if (words.length && !one.words) one.words = one.item.textContent.toLowerCase();
    return words.every((word) => one.words.includes(word));
  }

  function apply() {
    const wanted = chosen();
    const words = (wanted.text || "").toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const one of cases) {
      const fit = fits(one, wanted, words);
      one.item.hidden = !fit;
      count += fit;
    }
    const all = count === cases.length;
    shown.textContent = all ? `${count} cases, those that failed first.` : `${count} of ${cases.length} cases, those that failed first.`;
    nothing.hidden = count > 0;
  }

  function remember() {
    const state = new URLSearchParams(chosen()).toString();
    history.replaceState(null, "", state ? `#${state}` : location.pathname + location.search);
  }

  function choose(state) {
    for (const name of names) {
      const field = form.elements[name];
      field.value = state.get(name) || "";
      if (field.selectedIndex === -1) field.selectedIndex = 0;
    }
    apply();
  }

  // A hash without "=" is a part of the page, and the browser goes there by itself.
  function follow() {
    const hash = location.hash.slice(1);
    if (hash && !hash.includes("=")) return;
    const state = new URLSearchParams(hash);
    choose(state);
    const one = cases.find(({ item }) => item.dataset.id === state.get("case"));
    if (one) {
      one.details.open = true;
      one.item.scrollIntoView();
      one.details.querySelector("summary").focus({ preventScroll: true });
    } else if (hash) {
      document.getElementById("cases").focus({ preventScroll: true });
      document.getElementById("cases").scrollIntoView();
    }
  }

  const changed = () => {
    apply();
    remember();
  };
  form.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(changed, 120);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(changed));
  document.getElementById("clear").addEventListener("click", () => {
    form.reset();
    form.elements.text.focus();
  });
  document.getElementById("open-all").addEventListener("click", () => {
    for (const { item, details } of cases) if (!item.hidden) details.open = true;
  });
  document.getElementById("close-all").addEventListener("click", () => {
    for (const { details } of cases) details.open = false;
  });
  addEventListener("hashchange", follow);
  form.hidden = false;
  follow();
})();
