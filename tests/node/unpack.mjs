// Unpacks Chromium, the libraries and the fonts that it brings along, into node_modules/.chromium.
import { mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { inflate } from "@sparticuz/chromium";

const folder = fileURLToPath(new URL("node_modules/.chromium", import.meta.url));
const packed = new URL("../bin/", import.meta.resolve("@sparticuz/chromium"));

await rm(folder, { recursive: true, force: true });
await mkdir(folder);
process.env.TMPDIR = folder; // where inflate writes
await Promise.all(
  ["chromium.br", "al2023.tar.br", "fonts.tar.br"].map((name) =>
    inflate(fileURLToPath(new URL(name, packed))),
  ),
);
