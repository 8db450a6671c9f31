/// A polygon in fractions of an image's width and height.
public struct Zone: Hashable, Sendable {
  /// A point in fractions of an image's width and height, in 0...1.
  public struct Point: Hashable, Sendable {
    /// From the left.
    public var x: Double
    /// From the top.
    public var y: Double

    /// Creates a point.
    public init(x: Double, y: Double) { (self.x, self.y) = (x, y) }
  }

  /// The corners, 3 to 64. The sides must not cross.
  public var points: [Point]

  /// Creates a zone.
  public init(_ points: [Point]) { self.points = points }

  var text: String { points.map { "\($0.x),\($0.y)" }.joined(separator: ",") }
}

extension DetectOptions {
  /// What of a box must lie in a zone.
  public enum ZoneMatch: Hashable, Sendable {
    /// Its centre. The service's default.
    case center
    /// The middle of its lower side.
    case bottomCenter
    /// At least this part of its area, more than 0 and at most 1.
    case share(Double)

    var text: String {
      switch self {
      case .center: "center"
      case .bottomCenter: "bottom_center"
      case .share(let share): "\(share)"
      }
    }
  }

  /// How boxes of different tiles are merged.
  public enum SliceMerge: String, Hashable, Sendable {
    /// Drops the lower score of two that overlap. The service's default.
    case nms
    /// The higher score's box grows around those that overlap it. SAHI's default.
    case greedyNMM = "greedy_nmm"
  }

  /// How much two boxes overlap.
  public enum SliceMetric: String, Hashable, Sendable {
    /// Intersection over union. The service's default.
    case iou
    /// Intersection over the smaller box. SAHI's default.
    case ios
  }
}
