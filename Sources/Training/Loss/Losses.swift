/// The losses of a batch (yolo_head.py, get_losses), each divided by the number of foreground anchors.
package struct Losses: Codable, Sendable, Equatable {
  /// Weighted by ``DetectionLoss/boxWeight``.
  package var box: Float = 0
  package var l1: Float = 0
  package var objectness: Float = 0
  package var classes: Float = 0
  /// Loss of the one-to-one branch; 0 for heads without one.
  package var selection: Float = 0
  /// Foreground anchors per object.
  package var foregroundPerObject: Float = 0

  package init() {}

  package var total: Float { box + l1 + objectness + classes + selection }
}

extension Losses {
  /// Sums the losses over all processes.
  mutating func allReduce(over processes: ProcessGroup) {
    guard processes.count > 1 else { return }
    var values = [box, l1, objectness, classes, selection].map(Double.init)
    processes.allReduce(&values)
    let sums = values.map { Float($0) }
    (box, l1, objectness, classes, selection) = (sums[0], sums[1], sums[2], sums[3], sums[4])
  }
}

extension Losses {
  mutating func add(_ other: Losses) {
    box += other.box
    l1 += other.l1
    objectness += other.objectness
    classes += other.classes
    selection += other.selection
    foregroundPerObject += other.foregroundPerObject
  }

  func divided(by count: Float) -> Losses {
    var result = self
    result.box /= count
    result.l1 /= count
    result.objectness /= count
    result.classes /= count
    result.selection /= count
    result.foregroundPerObject /= count
    return result
  }
}
