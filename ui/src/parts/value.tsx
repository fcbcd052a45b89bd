// A value from telemetry: hidden characters written out, kept from turning its surroundings around, cut when it is huge,
// a link when it is an address of the web.
import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { harmless, webAddress } from "../text/harmless.ts";

const CUT = 600;
const MOST = 200_000;

export function Value({ text }: { text: string }) {
  const [all, setAll] = useState(false);
  const address = webAddress(text);
  if (address) {
    return (
      <a class="value" href={address} target="_blank" rel="noopener noreferrer nofollow">
        <bdi>{harmless(text)}</bdi>
      </a>
    );
  }
  return (
    <span class="value">
      <bdi>{harmless(text, all ? MOST : CUT)}</bdi>
      {text.length > CUT && !all && (
        <button type="button" class="text-button" onClick={() => setAll(true)}>
          {t().span.showAll(text.length)}
        </button>
      )}
    </span>
  );
}
