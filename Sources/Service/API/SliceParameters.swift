import YOLOX

extension DetectParameters {
  /// The parameters of slices, before it is known whether all that belong together are there.
  struct Slices: Sendable {
    private var layout: SliceOptions.Layout?
    private var overlap: Double?
    private var merge = SliceMerge()
    /// The first of those that need a layout.
    private var dependent: Name?

    static let names: [Name] = [
      .slices, .sliceSize, .sliceOverlap, .sliceMerge, .sliceMetric, .sliceThreshold,
    ]

    mutating func set(_ name: Name, _ value: JSONValue) throws(Invalid) {
      func invalid(_ expected: String) -> Invalid {
        .value(name: name.rawValue, value: value.excerpt, expected: expected)
      }
      if ![.slices, .sliceSize].contains(name) { dependent = dependent ?? name }
      switch name {
      case .slices, .sliceSize:
        guard layout == nil else { throw invalid("either slices or slice_size, not both") }
        let isGrid = name == .slices
        layout = value.text.flatMap { isGrid ? .init(grid: $0) : .init(size: $0) }
        guard layout != nil else {
          throw invalid(isGrid ? SliceOptions.Layout.gridFormat : SliceOptions.Layout.sizeFormat)
        }
      case .sliceOverlap:
        let range = SliceOptions.overlapRange
        guard let number = value.number, range.contains(number) else {
          throw invalid("a number from \(range.lowerBound) to \(range.upperBound)")
        }
        overlap = number
      case .sliceMerge:
        guard let method = value.text.flatMap(SliceMerge.Method.init) else {
          throw invalid(SliceMerge.Method.allCases.map(\.rawValue).joined(separator: " or "))
        }
        merge.method = method
      case .sliceMetric:
        guard let metric = value.text.flatMap(SliceMerge.Metric.init) else {
          throw invalid(SliceMerge.Metric.allCases.map(\.rawValue).joined(separator: " or "))
        }
        merge.metric = metric
      default:
        guard let number = value.number, (0...1).contains(number) else {
          throw invalid("a number from 0 to 1")
        }
        merge.threshold = Float(number)
      }
    }

    /// - Returns: `nil` without slices.
    func options() throws(Invalid) -> SliceOptions? {
      guard let layout else {
        guard let dependent else { return nil }
        throw .value(
          name: dependent.rawValue, value: "without slices", expected: "slices or slice_size beside it")
      }
      var options = SliceOptions(layout, merge: merge)
      if let overlap { options.overlap = overlap }
      return options
    }
  }
}
