/** Pictures as a fan sees them: screenshots, and what can be said about them. */
import { readFileSync } from "node:fs";
import { PNG } from "pngjs";
import type { ElementHandle } from "puppeteer-core";

/** An RGBA picture. */
export class Picture {
  readonly width: number;
  readonly height: number;
  readonly #rgba: Uint8Array;

  constructor(width: number, height: number, rgba: Uint8Array) {
    this.width = width;
    this.height = height;
    this.#rgba = rgba;
  }

  /** Decodes a PNG file's bytes. */
  static fromPng(bytes: Uint8Array): Picture {
    const { width, height, data } = PNG.sync.read(Buffer.from(bytes));
    return new Picture(width, height, data);
  }

  /** Reads a PNG file. */
  static fromFile(path: string): Picture {
    return Picture.fromPng(readFileSync(path));
  }

  /** As a PNG file's bytes. */
  toPng(): Buffer {
    const png = new PNG({ width: this.width, height: this.height });
    png.data = Buffer.from(this.#rgba);
    return PNG.sync.write(png);
  }

  /** Red, green and blue, 0 to 255. */
  pixel(x: number, y: number): [number, number, number] {
    const at = (y * this.width + x) * 4;
    return [this.#at(at), this.#at(at + 1), this.#at(at + 2)];
  }

  /** Standard deviation of the luma, 0 to 255: 0 is a blank box. */
  contrast(): number {
    let sum = 0;
    let sumOfSquares = 0;
    const count = this.width * this.height;
    for (let index = 0; index < count; index += 1) {
      const luma = this.#luma(index);
      sum += luma;
      sumOfSquares += luma * luma;
    }
    const mean = sum / count;
    return Math.sqrt(Math.max(0, sumOfSquares / count - mean * mean));
  }

  /** Share of the pixels that differ from `other` by more than `threshold` on any channel. */
  differingShare(other: Picture, threshold = 24): number {
    this.#mustMatch(other);
    let count = 0;
    for (let at = 0; at < this.#rgba.length; at += 4) {
      if (this.#channelDifference(other, at) > threshold) count += 1;
    }
    return count / (this.width * this.height);
  }

  /** Mean absolute difference of the channels, 0 to 255. */
  meanDifference(other: Picture): number {
    this.#mustMatch(other);
    let sum = 0;
    for (let at = 0; at < this.#rgba.length; at += 4) {
      for (let channel = 0; channel < 3; channel += 1) {
        sum += Math.abs(this.#at(at + channel) - other.#at(at + channel));
      }
    }
    return sum / (this.width * this.height * 3);
  }

  #channelDifference(other: Picture, at: number): number {
    const difference = (channel: number): number =>
      Math.abs(this.#at(at + channel) - other.#at(at + channel));
    return Math.max(difference(0), difference(1), difference(2));
  }

  /** ITU-R BT.709. */
  #luma(index: number): number {
    const [red, green, blue] = this.pixel(index % this.width, Math.floor(index / this.width));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  #at(index: number): number {
    return this.#rgba[index] ?? 0;
  }

  #mustMatch(other: Picture): void {
    if (this.width === other.width && this.height === other.height) return;
    const sizes = `${this.width}x${this.height} and ${other.width}x${other.height}`;
    throw new Error(`pictures of different sizes cannot be compared: ${sizes}`);
  }
}

/** What of an element is on the screen now. */
export async function pictureOf(element: ElementHandle): Promise<Picture> {
  return Picture.fromPng(await element.screenshot({ type: "png" }));
}
