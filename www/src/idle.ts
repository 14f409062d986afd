/** Tells when the controls may step back: the replay plays and nobody touches anything. */

const IDLE_SECS = 2.5;

/** Sets `data-idle` on an element. */
export class IdleWatch {
  readonly #shell: HTMLElement;
  readonly #isBusy: () => boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `isBusy` forbids idling, asked when the time has come. */
  constructor(shell: HTMLElement, isBusy: () => boolean) {
    this.#shell = shell;
    this.#isBusy = isBusy;
    for (const name of ["pointermove", "pointerdown", "keydown", "focusin", "focusout"]) {
      shell.addEventListener(name, () => this.poke());
    }
    shell.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") this.#step();
    });
  }

  get isIdle(): boolean {
    return this.#shell.hasAttribute("data-idle");
  }

  /** Something happened: the time starts again. What ends a business must say so here. */
  poke(): void {
    this.#shell.removeAttribute("data-idle");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#step(), IDLE_SECS * 1000);
  }

  /** Forgets the time. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #step(): void {
    if (!this.#isBusy()) this.#shell.setAttribute("data-idle", "");
  }
}
