// Attributes as a table: key, value, and what can be done with it.
import { t } from "../i18n/index.ts";
import { CopyButton } from "../parts/copy.tsx";
import { Icon } from "../parts/icon.tsx";
import { Value } from "../parts/value.tsx";
import { harmless } from "../text/harmless.ts";
import type { Attribute } from "./attributes.ts";

interface Props {
  attributes: readonly Attribute[];
  label: string;
  /** Searches the trace for what is in the row. */
  onFind?: (attribute: Attribute) => void;
}

export function AttributesTable({ attributes, label, onFind }: Props) {
  return (
    <table class="attributes" aria-label={label}>
      <tbody>
        {attributes.map((attribute, i) => (
          <tr key={i}>
            <th scope="row">
              <bdi>{harmless(attribute.key, 200)}</bdi>
            </th>
            <td class={`is-${attribute.type}`}>
              <Value text={attribute.text} />
            </td>
            <td class="row-buttons">
              {onFind && attribute.text && attribute.text.length < 500 && (
                <button
                  type="button"
                  class="icon-button small"
                  title={t().span.filter}
                  aria-label={t().span.filter}
                  onClick={() => onFind(attribute)}
                >
                  <Icon name="search" size={13} />
                </button>
              )}
              <CopyButton text={() => attribute.text} label={t().span.copyValue} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
