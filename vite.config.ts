/**
 * Bundles the library, one module a run (`--mode touchline`, `engine-worker`, `decode-worker`,
 * `post-clock`), and the demo site (`--mode site`).
 *
 * Library: `target/www/lib`, modules with stable names that import nothing, for a worker's
 * script must come in one piece, and two wasm files beside them.
 * The wasm modules and their glue are made by `cargo xtask build` before.
 * Site: `target/site`, the demo page and the test page around the very library that is published.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { minify } from "terser";
import { defineConfig, type Plugin, type UserConfig } from "vite";

const ROOT = import.meta.dirname;
const LIBRARY = join(ROOT, "target/www/lib");
const WASM = join(ROOT, "target/wasm");
const TEST_PAGE = join(ROOT, "test.html");
const TEST_PAGE_SOURCE = join(ROOT, "www/test/page.html");

/** The library's modules, and what each has beside it. */
const MODULES: Readonly<Record<string, { wasm?: [name: string, path: string] }>> = {
  "touchline": {},
  "engine-worker": { wasm: ["engine.wasm", join(WASM, "engine/touchline_web_bg.wasm")] },
  "post-clock": {},
  "decode-worker": { wasm: ["decoder.wasm", join(WASM, "decoder/touchline_decoder_bg.wasm")] },
};

/** Puts a wasm module beside its script, under the name that the element asks for. */
function wasmBeside([fileName, path]: [name: string, path: string]): Plugin {
  return {
    name: "wasm-beside",
    generateBundle() {
      this.emitFile({ type: "asset", fileName, source: readFileSync(path) });
    },
  };
}

/** Makes a module smaller than the bundler does: 450 bytes of the element's 30,000, compressed. */
function squeezed(): Plugin {
  return {
    name: "squeezed",
    enforce: "post",
    async generateBundle(_options, bundle) {
      for (const part of Object.values(bundle)) {
        if (part.type !== "chunk") continue;
        const options = { module: true, ecma: 2020, compress: { passes: 3 } } as const;
        part.code = (await minify(part.code, options)).code ?? part.code;
      }
    },
  };
}

/** Puts the built library into the site, as an embedding page would have it. */
function libraryInside(): Plugin {
  return {
    name: "library-inside",
    generateBundle() {
      for (const name of readdirSync(LIBRARY).filter((name) => /\.(js|wasm)$/.test(name))) {
        const source = readFileSync(join(LIBRARY, name));
        this.emitFile({ type: "asset", fileName: `touchline/${name}`, source });
      }
    },
  };
}

/** Serves `www/test/page.html` as `/test.html`. */
function testPage(): Plugin {
  return {
    name: "test-page",
    enforce: "pre",
    resolveId: (id) => (resolve(ROOT, id) === TEST_PAGE ? TEST_PAGE : null),
    load: (id) => (id === TEST_PAGE ? readFileSync(TEST_PAGE_SOURCE, "utf8") : null),
  };
}

function library(module: string): UserConfig {
  const { wasm } = MODULES[module] ?? {};
  return {
    publicDir: false,
    plugins: [squeezed(), ...(wasm === undefined ? [] : [wasmBeside(wasm)])],
    resolve: {
      alias: {
        "touchline-engine": join(WASM, "engine/touchline_web.js"),
        "touchline-decoder": join(WASM, "decoder/touchline_decoder.js"),
      },
    },
    build: {
      target: "es2022",
      outDir: LIBRARY,
      emptyOutDir: module === "touchline", // The first of them.
      modulePreload: false,
      rolldownOptions: {
        input: { [module]: join(ROOT, `www/src/${module}.ts`) },
        preserveEntrySignatures: "strict",
        output: { entryFileNames: "[name].js", format: "es", codeSplitting: false },
      },
    },
  };
}

const site: UserConfig = {
  base: "./", // The site may live in any folder.
  publicDir: "www/public",
  plugins: [libraryInside(), testPage()],
  build: {
    target: "es2022",
    outDir: join(ROOT, "target/site"),
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600, // hls.js, kB; the host page's, not ours.
    rolldownOptions: { input: { index: "index.html", test: "test.html" } },
  },
};

export default defineConfig(({ mode }) => (mode === "site" ? site : library(mode)));
