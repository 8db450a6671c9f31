import Engine

/// What distinguishes one YOLOX network from another, apart from its class count.
package struct Architecture: Hashable, Sendable {
  package enum Backbone: Hashable, Sendable {
    /// CSPDarknet + PAFPN. `baseChannels` is 64 x the width of the paper, `baseDepth` 3 x its depth.
    case cspDarknet(baseChannels: Int, baseDepth: Int, depthwise: Bool)
    /// DarkNet53 + FPN: the paper's YOLOv3 baseline. Its activation is leaky ReLU.
    case darknet53

    fileprivate var usualActivation: Activation {
      if case .darknet53 = self { .leakyReLU } else { .silu }
    }
  }

  /// The head after the feature pyramid: the paper's, its variant without suppression, and its baselines (section 2.1,
  /// tables 1 and 2).
  package enum Head: String, CaseIterable, Hashable, Sendable {
    /// Separate branches for classes, and for box and objectness.
    case decoupled
    /// Decoupled, with two more convolutions that select one anchor for each object, so that no suppression is needed.
    case nmsFree
    /// One branch for all three, as in YOLOv3.
    case coupled
    /// Coupled, with three anchor shapes in each cell instead of one point.
    case anchored
    /// Decoupled, with the same anchor shapes.
    case anchoredDecoupled

    /// Number of predictions for each cell of a level.
    package var anchors: Int { self == .anchored || self == .anchoredDecoupled ? 3 : 1 }
  }

  package let backbone: Backbone
  package let head: Head
  /// Behind every convolution but the last ones.
  package let activation: Activation

  /// - Parameter activation: `nil` for the paper's: SiLU, or leaky ReLU with DarkNet53.
  package init(backbone: Backbone, head: Head = .decoupled, activation: Activation? = nil) {
    self.backbone = backbone
    self.head = head
    self.activation = activation ?? backbone.usualActivation
  }

  package func with(activation: Activation) -> Architecture {
    Architecture(backbone: backbone, head: head, activation: activation)
  }

  /// The stride of each group of outputs, by the number in the outputs' names.
  package var outputStrides: [Int] {
    Stride.levels.flatMap { Array(repeating: $0, count: head.anchors) }
  }

  /// The output whose value is the objectness of an anchor.
  package var objectness: HeadOutput { head == .nmsFree ? .selection : .objectness }
}

/// The seven networks that the authors published (YOLOX paper, section 3; exps/default in their repository).
package enum Variant: String, CaseIterable, Sendable {
  case nano, tiny, s, m, l, x, darknet53

  package var architecture: Architecture {
    switch self {
    case .nano: .csp(width: 0.25, depth: 0.33, depthwise: true)
    case .tiny: .csp(width: 0.375, depth: 0.33)
    case .s: .csp(width: 0.5, depth: 0.33)
    case .m: .csp(width: 0.75, depth: 0.67)
    case .l: .csp(width: 1, depth: 1)
    case .x: .csp(width: 1.25, depth: 1.33)
    case .darknet53: Architecture(backbone: .darknet53)
    }
  }

  /// The square input, in pixels, at which the authors report this variant's AP.
  package var inputSize: InputSize {
    switch self {
    case .nano, .tiny: InputSize(height: 416, width: 416)
    default: InputSize(height: 640, width: 640)
    }
  }

  package init?(_ architecture: Architecture) {
    guard let variant = Variant.allCases.first(where: { $0.architecture.backbone == architecture.backbone })
    else { return nil }
    self = variant
  }
}

extension Architecture {
  /// Channels and block counts as yolo_pafpn.py and darknet.py derive them from the two multipliers.
  fileprivate static func csp(width: Double, depth: Double, depthwise: Bool = false) -> Architecture {
    Architecture(
      backbone: .cspDarknet(
        baseChannels: Int(64 * width), baseDepth: max(Int((3 * depth).rounded()), 1), depthwise: depthwise))
  }

  /// `yolox-s` for the authors' networks, `yolox-custom` for other widths and depths; `yolox-s-coupled` with another
  /// head than theirs.
  package var modelName: String {
    "yolox-" + (Variant(self)?.rawValue ?? "custom") + (head == .decoupled ? "" : "-\(head.rawValue)")
  }

  /// Default input size: the authors' size for their variants, 640 x 640 for others.
  package var defaultInputSize: InputSize { Variant(self)?.inputSize ?? InputSize(height: 640, width: 640) }
}

/// Height and width of the network's input in pixels; both multiples of 32, the largest stride.
package struct InputSize: Hashable, Sendable, CustomStringConvertible {
  package let height: Int
  package let width: Int

  package init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  /// Reads `640` or, height first, `384x640`. `nil` if it is not a valid input size.
  package init?(_ text: String) {
    let sides = text.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    switch sides.count {
    case 1: self.init(validating: sides[0], sides[0])
    case 2: self.init(validating: sides[0], sides[1])
    default: return nil
    }
  }

  private init?(validating height: Int?, _ width: Int?) {
    guard let height, let width, InputSize(height: height, width: width).isValid else { return nil }
    self.init(height: height, width: width)
  }

  /// Maximum side: 4096 pixels give 340,000 anchors.
  package static let limit = 4096

  package var isValid: Bool {
    [height, width].allSatisfy { $0 > 0 && $0 <= InputSize.limit && $0.isMultiple(of: Stride.coarsest) }
  }

  package var description: String { "\(height)x\(width)" }
}

/// Pixels of the network's input for each cell of a level's grid: the paper's FPN levels.
package enum Stride {
  package static let levels = [8, 16, 32]
  package static let coarsest = 32
}
