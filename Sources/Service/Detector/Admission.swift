import Synchronization

/// How many pictures are in the house, being decoded, waiting or looked at, and how many may be. A request is turned away
/// at the door: not after its pictures have cost work, and not by letting it wait for longer than it can.
package final class Admission: Sendable {
  private let taken = Atomic<Int>(0)

  package init() {}

  package var count: Int { taken.load(ordering: .relaxed) }

  /// - Returns: `nil` if there is no room for so many.
  package func enter(_ count: Int, limit: Int) -> Pass? {
    let before = taken.add(count, ordering: .relaxed).oldValue
    guard before + count <= limit else {
      taken.subtract(count, ordering: .relaxed)
      return nil
    }
    return Pass(self, count)
  }

  /// Room for some pictures; given back when nobody holds it any more.
  package final class Pass: Sendable {
    private let admission: Admission
    package let count: Int

    fileprivate init(_ admission: Admission, _ count: Int) {
      self.admission = admission
      self.count = count
    }

    deinit { admission.taken.subtract(count, ordering: .relaxed) }
  }
}
