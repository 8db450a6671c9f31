import Engine
import Imaging

extension DetectionOptions {
  /// For one tile: what applies to the image as a whole is left out.
  package var forTile: DetectionOptions {
    var options = self
    options.filter = nil
    options.maxDetections = .max
    return options
  }
}

extension SliceOptions {
  /// Merges and filters the detections of an image's tiles.
  ///
  /// - Parameter found: of each tile, in its pixels, with the options' ``DetectionOptions/forTile``.
  /// - Returns: in pixels of the image, by falling score.
  package func merged(
    _ found: [(tile: Tile, detections: [Detection])], _ options: DetectionOptions, width: Int, height: Int
  ) -> [Detection] {
    let all = found.flatMap { tile, detections in detections.map(tile.toImage) }
    let limit = options.filter == nil ? options.maxDetections : .max
    // One tile is the whole image, whose boxes do not match more than the options allow.
    let merged =
      found.count > 1
      ? all.merged(merge, classAgnostic: options.classAgnostic, limit: limit) : Array(all.prefix(limit))
    return options.filtered(merged, width: width, height: height)
  }
}

extension Predictor {
  /// A capacity for tiles: as many as the service runs at once.
  private static var sliceBatchSize: Int { 4 }

  /// A predictor for ``detect(_:slices:options:)`` with the same slices.
  package init(_ model: Model, slices: SliceOptions?, pool: WorkerPool) {
    self.init(model, capacity: slices == nil ? 1 : Predictor.sliceBatchSize, pool: pool)
  }

  /// Finds the objects in an image, and in its tiles if there are slices.
  package mutating func detect(
    _ image: EncodedImage, slices: SliceOptions?, options: DetectionOptions = DetectionOptions()
  ) throws -> [Detection] {
    guard let slices else { return try detect(image, options: options) }
    return try detect(image.decoded(), slices: slices, options: options)
  }

  /// Finds the objects in the tiles of an image and in the whole.
  package mutating func detect(
    _ image: Image, slices: SliceOptions, options: DetectionOptions = DetectionOptions()
  ) throws(TooManyTiles) -> [Detection] {
    let tiles = try slices.tiles(width: image.width, height: image.height)
    var found: [(tile: Tile, detections: [Detection])] = []
    var remaining = tiles[...]
    while !remaining.isEmpty {
      let batch = remaining.prefix(capacity)
      remaining = remaining.dropFirst(batch.count)
      let predictions = detect(batch.map { (model.prepare(image, tile: $0), options.forTile) })
      for (tile, prediction) in zip(batch, predictions) { found.append((tile, prediction.detections)) }
    }
    return slices.merged(found, options, width: image.width, height: image.height)
  }
}
