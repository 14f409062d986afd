/** A button that opens something, and all the ways in which that closes again. */
import { setAttribute } from "./dom.js";

/** Esc, a press elsewhere and leaving with the focus close it. */
export class Disclosure {
  readonly #button: HTMLElement;
  readonly #panel: HTMLElement;
  readonly #onChange: () => void;

  /** `around` holds both, and is where presses elsewhere are heard. */
  constructor(around: HTMLElement, button: HTMLElement, panel: HTMLElement, onChange: () => void) {
    this.#button = button;
    this.#panel = panel;
    this.#onChange = onChange;
    this.#set(false);
    button.addEventListener("click", () => this.#set(!this.isOpen));
    around.addEventListener("pointerdown", (event) => {
      if (this.isOpen && !this.#holds(event.composedPath())) this.#set(false);
    });
    for (const element of [button, panel]) {
      element.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || !this.isOpen) return;
        event.stopPropagation();
        this.#set(false);
        button.focus();
      });
      element.addEventListener("focusout", (event) => {
        const next = event.relatedTarget;
        if (this.isOpen && next instanceof Node && !this.#holds([next, ...ancestors(next)])) {
          this.#set(false);
        }
      });
    }
  }

  get isOpen(): boolean {
    return this.#panel.hasAttribute("data-open");
  }

  /** Closes it, if it is open. */
  close(): void {
    if (this.isOpen) this.#set(false);
  }

  #set(isOpen: boolean): void {
    this.#panel.toggleAttribute("data-open", isOpen);
    setAttribute(this.#button, "aria-expanded", String(isOpen));
    this.#onChange();
  }

  #holds(path: readonly EventTarget[]): boolean {
    return path.includes(this.#button) || path.includes(this.#panel);
  }
}

function ancestors(node: Node): Node[] {
  return node.parentNode === null ? [] : [node.parentNode, ...ancestors(node.parentNode)];
}
