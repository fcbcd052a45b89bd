// A service keeps its colour from page to page: the colour is chosen by its name. Inside one trace two services share one
// only when there are more services than colours.

export const COLOURS = 16;

export function colourOf(service: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < service.length; i++) hash = Math.imul(hash ^ service.charCodeAt(i), 0x01000193);
  // The low bits of this hash are weak for short names that differ in one letter.
  return ((hash ^ (hash >>> 15)) >>> 0) % COLOURS;
}

/** A colour for each service: its own, or the next that is free. */
export function coloursOf(services: readonly string[]): number[] {
  const taken = new Set<number>();
  return services.map(service => {
    let colour = colourOf(service);
    if (taken.size < COLOURS) while (taken.has(colour)) colour = (colour + 5) % COLOURS;
    taken.add(colour);
    return colour;
  });
}
