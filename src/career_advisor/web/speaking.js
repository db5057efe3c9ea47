// The switch of the page's language.

import { make, tell } from "./elements.js";
import { LANGUAGES, language, speak, words } from "./words.js";

/** A list to choose the language from; what is on the page hears of it by an event named "language". */
export function languages() {
  const options = LANGUAGES.map(([code, name]) => make("option", { value: code, lang: code, selected: code === language }, name));
  const box = make("select", { class: "languages", "aria-label": words("language"), "data-words-label": "language" }, ...options);
  box.addEventListener("change", async () => {
    if (await speak(box.value)) {
      for (const other of document.querySelectorAll("select.languages")) other.value = language;
      document.dispatchEvent(new Event("language"));
    } else {
      box.value = language;
      tell(words("offline"));
    }
  });
  return box;
}
