/// The label assignment of an image: the foreground anchors and their objects, ordered by anchor.
package struct Assignment: Sendable, Equatable {
  package struct Match: Sendable, Equatable {
    package let anchor: Int
    package let target: Int
    /// IoU of the predicted box with the object's.
    package let iou: Float

    package init(anchor: Int, target: Int, iou: Float) {
      self.anchor = anchor
      self.target = target
      self.iou = iou
    }
  }

  package let matches: [Match]
  /// Background anchors without objectness loss, because they cover an object well.
  package let ignored: [Int]

  package init(matches: [Match], ignored: [Int] = []) {
    self.matches = matches
    self.ignored = ignored
  }
}

/// The label assignment methods that the paper compares (section 2.1 and table 2).
package enum AssignmentMethod: String, CaseIterable, Codable, Sendable {
  case simota, ota
  /// The anchor at the centre of an object, or the 3 x 3 anchors around it.
  case center, multi
  /// YOLOv3's assignment, for heads with anchor shapes.
  case anchors

  /// Half the side of the square of candidate anchors, in strides, as the papers' authors have it.
  package var defaultCenterRadius: Float {
    self == .ota ? OTA().centerRadius : SimOTA().centerRadius
  }

  package func assigner(
    centerRadius: Float
  ) -> @Sendable (AnchorPredictions, [Target]) -> Assignment {
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
