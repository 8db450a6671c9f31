/// Selects detections by the size and the place of their boxes.
package struct DetectionFilter: Hashable, Sendable {
  /// What of a box must lie in a zone.
  package enum ZoneMatch: Hashable, Sendable {
    case center
    /// The middle of the lower side: where a person stands.
    case bottomCenter
    /// At least this part of the box's area, more than 0 and at most 1.
    case share(Double)

    package static let format = "center, bottom_center, or a share of the box's area above 0 and at most 1"

    package init?(_ text: some StringProtocol) {
      switch text {
      case "center": self = .center
      case "bottom_center": self = .bottomCenter
      default:
        guard let share = Double(text), share > 0, share <= 1 else { return nil }
        self = .share(share)
      }
    }
  }

  /// Bounds the zones of either list.
  package static let maxZones = 32

  /// Width and height must both be at least these.
  package var minSize: BoxSize?
  /// Width and height must both be at most these.
  package var maxSize: BoxSize?
  /// A box must match one of these; empty for the whole image.
  package var includedZones: [Zone] = []
  /// A box must match none of these.
  package var excludedZones: [Zone] = []
  package var zoneMatch = ZoneMatch.center

  package init() {}

  /// Whether it lets all boxes pass.
  package var isEmpty: Bool {
    minSize == nil && maxSize == nil && includedZones.isEmpty && excludedZones.isEmpty
  }

  /// - Parameters:
  ///   - box: in pixels.
  ///   - width: of the image.
  ///   - height: of the image.
  package func passes(_ box: Box, width: Int, height: Int) -> Bool {
    let (boxWidth, boxHeight) = (Double(box.x2 - box.x1), Double(box.y2 - box.y1))
    if let minSize {
      guard boxWidth >= minSize.width.pixels(of: width), boxHeight >= minSize.height.pixels(of: height) else {
        return false
      }
    }
    if let maxSize {
      guard boxWidth <= maxSize.width.pixels(of: width), boxHeight <= maxSize.height.pixels(of: height) else {
        return false
      }
    }
    let normalized = NormalizedBox(box, width: width, height: height)
    func isIn(_ zone: Zone) -> Bool {
      switch zoneMatch {
      case .center: zone.contains(normalized.center)
      case .bottomCenter: zone.contains(normalized.bottomCenter)
      // A box that fills a zone exactly loses some area to rounding.
      case .share(let share): zone.share(of: normalized) >= share - 1e-6
      }
    }
    return (includedZones.isEmpty || includedZones.contains(where: isIn))
      && !excludedZones.contains(where: isIn)
  }
}
