// An answer as a table, its first rows; all of them as a file.
import { useState } from "preact/hooks";
import { type Cell, sqlAsCsv, type Table } from "../api/sql.ts";
import { t } from "../i18n/index.ts";
import { Icon } from "../parts/icon.tsx";
import { Notice } from "../parts/notice.tsx";
import { harmless, oneLine } from "../text/harmless.ts";
import { cellText, isNumeric } from "./cell-text.ts";
import { type Question, startMs } from "./question.ts";

const SHOWN = 1000;

export function AnswerTable({ table, question }: { table: Table; question: Question }) {
  const words = t().sql;
  const { columns, rows } = table;
  return (
    <>
      <div class="results-bar">
        <span role="status">
          {words.rows(rows.length)}
          {rows.length > SHOWN && `, ${words.first(SHOWN)}`}
        </span>
        <span class="muted">{words.looked(table.looked)}</span>
        <span class="spread" />
        <Download question={question} />
      </div>
      {table.partial && (
        <p class="problem" role="alert">
          {words.partial}: {harmless(table.partial, 500)}
        </p>
      )}
      {rows.length === 0 ? (
        <Notice title={words.answer}>
          <p>{words.empty}</p>
        </Notice>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys.
        <section class="sql-table" tabIndex={0} aria-label={words.answer}>
          <table>
            <thead>
              <tr>
                {columns.map(({ name, type }, i) => (
                  <th key={i} scope="col" title={type} class={isNumeric(type) ? "number" : undefined}>
                    {oneLine(name, 100)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, SHOWN).map((row, i) => (
                <tr key={i}>
                  {row.map((value, at) => (
                    <td key={at} class={isNumeric(columns[at]!.type) ? "number" : undefined}>
                      <Value value={value} name={columns[at]!.name} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </>
  );
}

function Value({ value, name }: { value: Cell; name: string }) {
  const text = cellText(value);
  if (name === "trace_id" && /^[0-9a-f]{32}$/.test(text)) {
    return (
      <a class="mono" href={`/trace/${text}`}>
        {text}
      </a>
    );
  }
  return value === null ? <span class="muted">NULL</span> : <span>{text}</span>;
}

function Download({ question }: { question: Question }) {
  const [problem, setProblem] = useState("");
  const save = () =>
    sqlAsCsv(question.text, startMs(question.lookback, Date.now())).then(
      csv => {
        const link = document.createElement("a");
        link.href = URL.createObjectURL(csv);
        link.download = "otelier.csv";
        link.click();
        URL.revokeObjectURL(link.href);
        setProblem("");
      },
      (reason: Error) => setProblem(reason.message || t().results.unreachable),
    );
  return (
    <>
      {problem && (
        <span class="problem" role="alert">
          {harmless(problem, 200)}
        </span>
      )}
      <button type="button" class="button" onClick={save}>
        <Icon name="download" size={14} /> {t().sql.download}
      </button>
    </>
  );
}
