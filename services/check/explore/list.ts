/**
 * Numbers in a row, made anew for each state. An array whose `length` is set to 0 gives its room
 * back and has to ask for it again: here only the count changes.
 */
export class List {
  readonly items: number[] = []
  length = 0

  push(value: number): void {
    this.items[this.length] = value
    this.length += 1
  }
}
