import HTTPTypes
import Imaging
import YOLOX

/// Detection in tiles. An image is decoded once; its tiles and the image as a whole go to the detector together, and
/// admission counts each of them.
extension DetectionPipeline {
  /// An image whose header has been read, and its tiles.
  private struct SlicedImage: Sendable {
    let source: ImageSource
    let tiles: [Tile]
  }

  /// As ``detect(_:with:options:slices:deadline:keepsImages:)``, with slices.
  func detectSliced(
    _ inputs: [Result<ImageInput, Problem>], with detector: Detector, options: DetectionOptions,
    slices: SliceOptions, deadline: RequestDeadline, keepsImages: Bool
  ) async throws(Problem) -> [Result<ImageResult, Problem>] {
    guard !options.keepsPredictions else { throw .unsliceable("The output 'raw'") }
    // Headers only, because they tell how many tiles there are; nothing is decoded before admission.
    let images = try await runOnWorker(deadline) { () throws(Problem) in
      inputs.map { input in
        Result { () throws(Problem) in try slice(try input.get(), slices, for: detector) }
      }
    }
    let count = images.reduce(0) { $0 + ((try? $1.get())?.tiles.count ?? 1) }
    let limit = detector.maxQueueLimit
    guard count <= limit else { throw .tooManyTiles(count: count, limit: limit) }
    deadline.hold(try admit(count, to: detector, client: deadline.client))
    return await images.concurrentMap { image in
      await Result { () async throws(Problem) in
        try await detect(
          try image.get(), with: detector, options: options, slices: slices, deadline: deadline,
          keepsImage: keepsImages)
      }
    }
  }

  private func slice(
    _ input: ImageInput, _ slices: SliceOptions, for detector: Detector
  ) throws(Problem) -> SlicedImage {
    let source: ImageSource
    switch input {
    case .encoded(let bytes):
      do { source = .encoded(try EncodedImage(bytes, limits: imageLimits)) } catch {
        throw rejection(error, detector)
      }
    case .pixels(let image): source = .pixels(image)
    case .planes: throw .unsliceable("A tensor of the network's input size")
    }
    do {
      let (width, height) = source.size
      return SlicedImage(source: source, tiles: try slices.tiles(width: width, height: height))
    } catch { throw Problem(error) }
  }

  private func detect(
    _ image: SlicedImage, with detector: Detector, options: DetectionOptions, slices: SliceOptions,
    deadline: RequestDeadline, keepsImage: Bool
  ) async throws(Problem) -> ImageResult {
    let (model, tiles, source) = (detector.model, image.tiles, image.source)
    let (options, kept) = keeping(source.bytes, options)
    let (prepared, decoding) = try await decode(deadline, source.decodingCost, detector) {
      () throws(ImageError) -> ([PreparedImage], Duration) in
      let start = ContinuousClock.now
      let image = try source.image()
      let decoding = start.duration(to: .now)
      return (tiles.map { model.prepare(image, tile: $0) }, decoding)
    }
    var timings = StageTimings(decode: decoding)
    timings.preprocess = prepared.reduce(.zero) { $0 + $1.letterboxing }
    do throws(Problem) {
      let start = ContinuousClock.now
      let results = try await run(prepared, with: detector, options: options.forTile, deadline: deadline)
      let end = ContinuousClock.now
      timings.queue = results.map(\.timings.queue).min() ?? .zero
      timings.postprocess = results.reduce(.zero) { $0 + $1.timings.postprocess }
      // From the first batch's start to the last one's end.
      timings.inference = max(.zero, start.duration(to: end) - timings.queue - timings.postprocess)
      guard let whole = results.last else { throw rejection(.expired, model: model.name) }
      let found = zip(tiles, results).map { (tile: $0, detections: $1.detections) }
      let unfiltered = zip(tiles, results).map { (tile: $0, detections: $1.prediction.unfiltered) }
      // Merging takes long with thousands of detections.
      let (detections, all) = try await runOnWorker(deadline) { () throws(Problem) in
        let (width, height) = source.size
        return (
          slices.merged(found, options, width: width, height: height),
          options.unfiltered.map { slices.merged(unfiltered, $0, width: width, height: height) } ?? []
        )
      }
      timings.postprocess += end.duration(to: .now)
      detector.metrics?.imageSucceeded(timings, detections)
      let result = ImageResult(
        detections, unfiltered: all, whole: whole, timings, source: keepsImage ? source : nil)
      keep(kept, result, of: model, deadline)
      return result
    } catch {
      detector.metrics?.imageFailed()
      throw error
    }
  }

  /// - Returns: a result for each tile, in the same order.
  private func run(
    _ images: [PreparedImage], with detector: Detector, options: DetectionOptions, deadline: RequestDeadline
  ) async throws(Problem) -> [ImageResult] {
    let results = await images.concurrentMap { image in
      await Result { () async throws(DetectorError) in
        try await detector.detect(image, options: options, deadline: deadline)
      }
    }
    do throws(DetectorError) {
      var found: [ImageResult] = []
      for result in results { found.append(try result.get()) }
      return found
    } catch {
      throw rejection(error, model: detector.model.name)
    }
  }
}

extension Problem {
  fileprivate init(_ error: TooManyTiles) {
    self.init("too-many-tiles", "Too many tiles", .contentTooLarge, "\(error)".capitalizedFirst + ".")
  }

  fileprivate static func tooManyTiles(count: Int, limit: Int) -> Problem {
    Problem(
      "too-many-tiles", "Too many tiles", .contentTooLarge,
      "The request has \(count) tiles and images; at most \(limit) can be in flight. Use fewer slices.")
  }

  fileprivate static func unsliceable(_ what: String) -> Problem {
    Problem(
      "invalid-parameter", "Invalid parameter", .badRequest, "\(what) cannot be combined with 'slices'.")
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
