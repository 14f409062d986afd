/** The element's stylesheet, made once a document: sheets cannot be shared between documents. */
import text from "./touchline.css?inline";

const sheets = new WeakMap<Document, CSSStyleSheet>();

/** Gives `root` the stylesheet; strict pages allow this, but no `<style>`. */
export function adoptStylesheet(root: ShadowRoot): void {
  const page = root.ownerDocument;
  const Sheet = page.defaultView?.CSSStyleSheet ?? CSSStyleSheet;
  const sheet = sheets.get(page) ?? new Sheet();
  if (!sheets.has(page)) {
    sheet.replaceSync(text);
    sheets.set(page, sheet);
  }
  root.adoptedStyleSheets = [sheet];
}
