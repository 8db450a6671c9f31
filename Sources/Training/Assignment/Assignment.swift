/// Which anchors answer for which objects of an image, in the order of the anchors.
package struct Assignment: Sendable, Equatable {
  package struct Match: Sendable, Equatable {
    package let anchor: Int
    package let target: Int
    /// Of the predicted box with the object's.
    package let overlap: Float

    package init(anchor: Int, target: Int, overlap: Float) {
      self.anchor = anchor
      self.target = target
      self.overlap = overlap
    }
  }

  package let matches: [Match]
  /// Anchors that see an object and need not say so: neither right nor wrong.
  package let ignored: [Int]

  package init(matches: [Match], ignored: [Int] = []) {
    self.matches = matches
    self.ignored = ignored
  }
}

/// The assignments that the paper compares (section 2.1 and table 2).
package enum AssignmentMethod: String, CaseIterable, Codable, Sendable {
  case simota, ota
  /// One anchor for an object, and the nine round it.
  case center, multi
  /// YOLOv3's; for the head that has anchor shapes.
  case anchors

  package func assigner(
    centerRadius: Float
  ) -> @Sendable (Predictions, [Target]) -> Assignment {
    switch self {
    case .simota:
      var method = SimOTA()
      method.centerRadius = centerRadius
      return { [method] in method($0, $1) }
    case .ota:
      var method = OTA()
      method.centerRadius = centerRadius
      return { [method] in method($0, $1) }
    case .center: return { CenterAssignment(reach: 0)($0, $1) }
    case .multi: return { CenterAssignment(reach: 1)($0, $1) }
    case .anchors: return { YOLOv3Assigner()($0, $1) }
    }
  }
}
