/** Stretches of time in the shape of `TimeRanges`, which scripts cannot make. */

/** As `HTMLMediaElement.buffered`. */
export class Stretches implements TimeRanges {
  readonly #ranges: readonly (readonly [number, number])[];

  constructor(ranges: readonly (readonly [number, number])[]) {
    this.#ranges = ranges;
  }

  get length(): number {
    return this.#ranges.length;
  }

  start(index: number): number {
    return this.#at(index)[0];
  }

  end(index: number): number {
    return this.#at(index)[1];
  }

  #at(index: number): readonly [number, number] {
    const range = this.#ranges[index];
    if (range === undefined) throw new DOMException("no such range", "IndexSizeError");
    return range;
  }
}
