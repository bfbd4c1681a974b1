// A binary heap that also removes any item it holds: the first item at hand at once, all changes in O(log n).
// An item's place in the order must not change while it is inside. Does not break ties: `before` must be a total order.

export interface IndexedHeap<T> {
  readonly size: number;
  has(item: T): boolean;
  /** The item that comes before all others. */
  first(): T | undefined;
  /** Adding an item that is inside already changes nothing. */
  add(item: T): void;
  /** False if it was not inside. */
  remove(item: T): boolean;
}

export function createIndexedHeap<T>(before: (a: T, b: T) => boolean): IndexedHeap<T> {
  const items: T[] = [];
  const places = new Map<T, number>();

  function put(item: T, at: number): void {
    items[at] = item;
    places.set(item, at);
  }

  function up(item: T, from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(item, items[parent]!)) break;
      put(items[parent]!, at);
      at = parent;
    }
    put(item, at);
  }

  function down(item: T, from: number): void {
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && before(items[child + 1]!, items[child]!)) child += 1;
      if (!before(items[child]!, item)) break;
      put(items[child]!, at);
      at = child;
    }
    put(item, at);
  }

  return {
    get size() {
      return items.length;
    },
    has: (item) => places.has(item),
    first: () => items[0],
    add(item) {
      if (places.has(item)) return;
      items.push(item);
      up(item, items.length - 1);
    },
    remove(item) {
      const at = places.get(item);
      if (at === undefined) return false;
      places.delete(item);
      const last = items.pop()!;
      if (last === item) return true;
      // The last item fills the gap, and may belong above or below it.
      if (at > 0 && before(last, items[(at - 1) >> 1]!)) up(last, at);
      else down(last, at);
      return true;
    },
  };
}
