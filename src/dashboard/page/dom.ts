/** Elements in few words. Text is text: nothing that the daemon tells is taken for markup. */

type Child = Node | string | null;

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Throws when the page has no such element: our bug. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`no #${id}`);
  return found;
}

/** One element per key: those that stay keep their focus and their canvas. */
export class Keyed<T extends { readonly root: HTMLElement }> {
  readonly #parts = new Map<string, T>();

  constructor(
    private readonly parent: HTMLElement,
    private readonly make: (key: string) => T,
    private readonly drop: (part: T) => void = () => {},
  ) {}

  /** In this order. */
  show(keys: readonly string[]): T[] {
    for (const [key, part] of this.#parts) {
      if (keys.includes(key)) continue;
      this.drop(part);
      part.root.remove();
      this.#parts.delete(key);
    }
    return keys.map((key, place) => {
      let part = this.#parts.get(key);
      if (part === undefined) {
        part = this.make(key);
        this.#parts.set(key, part);
      }
      const there = this.parent.children[place];
      if (there !== part.root) this.parent.insertBefore(part.root, there ?? null);
      return part;
    });
  }
}
