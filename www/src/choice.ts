/** A row of buttons of which one is chosen. */
import { make, setAttribute } from "./dom.js";

/** Something to choose. */
export interface Option {
  id: string;
  label: string;
}

/** The row, with its name. */
export class Choice {
  readonly element: HTMLElement;
  readonly #row: HTMLElement;
  readonly #part: string;
  readonly #onPick: (id: string) => void;
  readonly #buttons = new Map<string, HTMLButtonElement>();
  #shown = "";

  constructor(name: string, label: string, part: string, onPick: (id: string) => void) {
    this.#part = part;
    this.#onPick = onPick;
    this.#row = make("div", { class: "choice-row", role: "group", "aria-label": label });
    const title = make("span", { class: "choice-title", "aria-hidden": "true" }, label);
    this.element = make("div", { class: `choice ${name}`, hidden: true }, title, this.#row);
  }

  /** Shows `options`; nothing at all if there is nothing to choose. */
  setOptions(options: readonly Option[]): void {
    const wanted = JSON.stringify(options);
    if (wanted === this.#shown) return;
    this.#shown = wanted;
    this.#buttons.clear();
    for (const { id, label } of options) {
      const attributes = { type: "button", class: "chip", part: this.#part };
      const button = make("button", { ...attributes, "aria-pressed": "false" }, label);
      button.addEventListener("click", () => this.#onPick(id));
      this.#buttons.set(id, button);
    }
    this.#row.replaceChildren(...this.#buttons.values());
    this.element.hidden = options.length < 2;
  }

  /** Marks what is chosen; `null` if it is none of the options. */
  setChosen(id: string | null): void {
    for (const [own, button] of this.#buttons) {
      setAttribute(button, "aria-pressed", String(own === id));
    }
  }
}
