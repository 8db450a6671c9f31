import ArgumentParser
import Service
import YOLOX

/// Slices, with the names and values that `/detect` takes.
struct SliceArguments: ParsableArguments {
  @Option(help: "Detect in a grid of overlapping tiles too: columns x rows, such as 2x2.")
  var slices: String?

  @Option(help: "Detect in tiles of this size too, in pixels: 640 or 640x480.")
  var sliceSize: String?

  @Option(help: "Part of a tile that the next one covers too, 0...0.9. Default: 0.2.")
  var sliceOverlap: String?

  @Option(help: "How boxes of tiles are merged: nms or greedy_nmm. Default: nms.")
  var sliceMerge: String?

  @Option(help: "Overlap of boxes of tiles: iou or ios (of the smaller box). Default: iou.")
  var sliceMetric: String?

  @Option(help: "Overlap from which boxes of tiles are merged, 0...1. Default: 0.5.")
  var sliceThreshold: String?

  func options() throws -> SliceOptions? { try DetectParameters.reading(parameters) { try $0.slices() } }

  private var parameters: [(name: DetectParameters.Name, text: String?)] {
    [
      (.slices, slices), (.sliceSize, sliceSize), (.sliceOverlap, sliceOverlap), (.sliceMerge, sliceMerge),
      (.sliceMetric, sliceMetric), (.sliceThreshold, sliceThreshold),
    ]
  }

  func validate() throws { _ = try options() }
}

/// Filters, with the names and values that `/detect` takes.
struct FilterArguments: ParsableArguments {
  @Option(help: "Minimum score by class, such as person:0.5,cat:0.3.")
  var scoreThresholds: String?

  @Option(help: "Minimum width and height of a box: 32, 32x64, 5% or 5%x10%.")
  var minBoxSize: String?

  @Option(help: "Maximum width and height of a box: 320, 320x640, 50% or 50%x100%.")
  var maxBoxSize: String?

  @Option(help: "Polygons that boxes must lie in, of normalized points: x,y,x,y,...;x,y,...")
  var includeZones: String?

  @Option(help: "Polygons that boxes must not lie in.")
  var excludeZones: String?

  @Option(help: "What of a box lies in a zone: center, bottom_center or a share. Default: center.")
  var zoneMatch: String?

  /// Sets what the arguments select.
  func apply(to options: inout DetectionOptions, for model: Model) throws {
    let selected = try DetectParameters.reading(parameters) { try $0.options(for: model) }
    options.filter = selected.filter
    options.scoreThresholds = selected.scoreThresholds
  }

  private var parameters: [(name: DetectParameters.Name, text: String?)] {
    [
      (.scoreThresholds, scoreThresholds), (.minBoxSize, minBoxSize), (.maxBoxSize, maxBoxSize),
      (.includeZones, includeZones), (.excludeZones, excludeZones), (.zoneMatch, zoneMatch),
    ]
  }

  func validate() throws { try DetectParameters.reading(parameters) { _ in } }
}

extension DetectParameters {
  fileprivate static func reading<Value>(
    _ parameters: [(name: Name, text: String?)], _ body: (DetectParameters) throws -> Value
  ) throws -> Value {
    do {
      return try body(
        DetectParameters(
          parameters.compactMap { name, text in text.map { (name.rawValue, JSONValue.string($0)) } }))
    } catch let error as Invalid {
      throw ValidationError(Problem(error).detail)
    } catch let problem as Problem { throw ValidationError(problem.detail) }
  }
}
