/// The pixel of each 2x2 square that a group of focus channels is taken from, in the authors' order.
package struct FocusPhase {
  package let row: Int
  package let column: Int

  package static let all = [(0, 0), (1, 0), (0, 1), (1, 1)].map { FocusPhase(row: $0.0, column: $0.1) }
}
