// Icons drawn on a grid of 16, in the colour of their text. They are decoration: what they stand for is said in words.

const SHAPES = {
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.6-1.4L14 14",
  right: "m6 3.5 4.5 4.5L6 12.5",
  down: "M3.5 6 8 10.5 12.5 6",
  up: "M3.5 10 8 5.5l4.5 4.5",
  close: "m4 4 8 8m0-8-8 8",
  copy: "M5.5 5.5h7v8h-7zM10.5 5.5v-3h-7v8h2",
  done: "m3 8.5 3.2 3.2L13 5",
  link: "M6.7 9.3a2.4 2.4 0 0 0 3.4 0l2.4-2.4a2.4 2.4 0 0 0-3.4-3.4l-.9.9m1.1 2.3a2.4 2.4 0 0 0-3.4 0L3.5 9.1a2.4 2.4 0 0 0 3.4 3.4l.9-.9",
  error: "M8 1.8 14.6 13.5H1.4ZM8 6.3v3.4m0 1.7v.2",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1v1.5m0 11V15M1 8h1.5m11 0H15M3.05 3.05l1.06 1.06m7.78 7.78 1.06 1.06m0-9.9-1.06 1.06M4.11 11.89l-1.06 1.06",
  moon: "M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z",
  system: "M2 3h12v8H2zM6 14h4M8 11v3",
  keys: "M1.5 4h13v8h-13zM4 6.5h.1m2.6 0h.1m2.6 0h.1m2.6 0h.1M5 9.5h6",
  parent: "M8 13V4M4 7.5 8 3.5l4 4",
  download: "M8 2v8m-3.5-3.5L8 10l3.5-3.5M2.5 13.5h11",
  expand: "m4 3 4 4 4-4M4 9l4 4 4-4",
  collapse: "m4 7 4-4 4 4M4 13l4-4 4 4",
  globe: "M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM1.5 8h13M8 1.5c-4.2 4-4.2 9 0 13 4.2-4 4.2-9 0-13Z",
  again: "M13.5 8a5.5 5.5 0 1 1-1.6-3.9M13.5 1.8V4.5h-2.7",
} as const;

export type IconName = keyof typeof SHAPES;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path
        d={SHAPES[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
