// All services of the registry, to look through in the pane: by kind, by cost and by words.
//
// They are asked for when somebody opens the pane with the people, not with the page: few will look through them.

import { button, find, make, page, say } from "./elements.js";
import { openPane, openPeople, redrawnBy } from "./pane.js";
import { services } from "./under.js";
import { has, words } from "./words.js";

const PRICES = ["free", "paid", "pays", ""]; // as the registry gives them; the last one: it does not say
const SAID_AFTER_MS = 600; // behind the last letter, so that a screen reader is told how many there are and not each change

let coming = null; // the answer of the server, or that it is waited for
let registry = null; // the services, once they have come
let wanted = nothing(); // what the list is narrowed to
let saying = 0;

function nothing() {
  return { text: "", kind: null, price: null };
}

/** Ask the server for the services, once. */
export function fetchServices() {
  coming ??= getServices();
  return coming;
}

async function getServices() {
  try {
    const response = await fetch(new URL("services.json", import.meta.url));
    registry = response.ok ? (await response.json()).map(searchable) : null;
  } catch (trouble) {
    if (!(trouble instanceof TypeError || trouble instanceof SyntaxError)) throw trouble;
  }
  if (!registry) coming = null; // to be tried again
  return registry;
}

/** What is the same to a reader is the same here: accents, capitals and signs do not count. */
const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ");

function searchable(service) {
  const { name, aliases, link, audience, cost, gap, caveat } = service;
  return { ...service, text: folded([name, ...aliases, link?.host ?? "", audience, cost, gap, caveat].join(" ")) };
}

/** The button that leads from the people to all services. */
export function allButton(from) {
  const open = button(words("all_services", { n: page.facts.listed }), async () => {
    wanted = nothing();
    const came = registry ?? (await fetchServices());
    if (!open.isConnected) return; // the person went on meanwhile
    if (came) {
      openAll(from);
      find("#pane").focus({ preventScroll: true });
    } else {
      trouble.textContent = words("services_lost");
      trouble.hidden = false;
      say(trouble.textContent);
    }
  }, { class: "quiet boxed", id: "all-services" });
  const trouble = make("p", { class: "trouble", hidden: true });
  return make("div", {}, open, trouble);
}

function openAll(from) {
  const kinds = [...new Set(registry.map((service) => service.kind))];
  const byKind = kinds.flatMap((kind) => registry.filter((service) => service.kind === kind));
  const groups = kinds.map((kind) => {
    const group = services(byKind.filter((service) => service.kind === kind), nameOf(kind));
    if (!has(keyOf(kind))) find("h3", group).lang = "en";
    return group;
  });
  const cards = groups.flatMap((group) => [...group.querySelectorAll(".service")]);
  const count = make("p", { class: "meta count" });
  const none = make("p", { class: "none", hidden: true }, words("no_service_fits"), " ", button(words("show_all"), () => {
    wanted = nothing();
    draw();
    find("input", form).focus();
    tellCount();
  }));
  const form = filters(kinds, draw, tellCount);

  function draw() {
    const asked = folded(wanted.text).split(" ").filter(Boolean);
    const fits = ({ kind, price, text }) => (wanted.kind ?? kind) === kind && (wanted.price ?? price) === price && asked.every((word) => text.includes(word));
    byKind.forEach((service, position) => (cards[position].hidden = !fits(service)));
    for (const group of groups) group.hidden = !find(".service:not([hidden])", group);
    const n = cards.filter((card) => !card.hidden).length;
    count.textContent = words("services_shown", { n, all: cards.length });
    none.hidden = n > 0;
    const [text, kind, price] = form.elements;
    if (text.value !== wanted.text) text.value = wanted.text;
    kind.value = JSON.stringify(wanted.kind);
    price.value = JSON.stringify(wanted.price);
  }

  function tellCount(afterMs = 0) {
    clearTimeout(saying);
    saying = setTimeout(() => count.isConnected && say(none.hidden ? count.textContent : words("no_service_fits")), afterMs);
  }

  openPane(words("all_services", { n: cards.length }), from, back(from), make("p", {}, words("services_lead")), form, count, none, make("div", { class: "all-services" }, ...groups));
  draw();
  redrawnBy(openAll);
}

const keyOf = (kind) => `kind_${kind.replaceAll(" ", "-")}`;
/** A kind that only this registry has is called as it calls it. */
const nameOf = (kind) => (has(keyOf(kind)) ? words(keyOf(kind)) : kind);

function filters(kinds, draw, tellCount) {
  const input = make("input", { type: "text", autocomplete: "off", spellcheck: "false", enterkeyhint: "search", oninput: () => {
    wanted.text = input.value;
    draw();
    tellCount(SAID_AFTER_MS);
  } });
  const choice = (name, label, options) => {
    const select = make("select", { onchange: () => {
      wanted[name] = JSON.parse(select.value);
      draw();
      tellCount();
    } }, ...options.map(([value, text]) => make("option", { value: JSON.stringify(value) }, text)));
    return make("label", {}, label, select);
  };
  const prices = PRICES.filter((price) => registry.some((service) => service.price === price));
  return make(
    "form",
    { class: "narrow", role: "search", "aria-label": words("narrow"), onsubmit: (event) => event.preventDefault() },
    make("label", { class: "with-words" }, words("narrow_words"), input),
    choice("kind", words("narrow_kind"), [[null, words("any_kind")], ...kinds.map((kind) => [kind, nameOf(kind)])]),
    choice("price", words("cost"), [[null, words("any_cost")], ...prices.map((price) => [price, words(`price_${price || "unsaid"}`)])]),
  );
}

function back(from) {
  return button(words("back_to_people"), () => {
    openPeople(from);
    find("#all-services").focus();
  }, { class: "quiet small back" });
}
