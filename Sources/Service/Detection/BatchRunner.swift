import Engine
import Imaging
import YOLOX

/// A predictor on an inference queue.
///
/// `@unchecked Sendable`: only work on the queue touches `predictor`, and the queue is serial.
final class BatchRunner: @unchecked Sendable {
  private let queue: InferenceQueue
  private let client: Int
  private let capacity: Int
  private var predictor: Predictor

  /// - Parameter capacity: maximum images per batch.
  init(_ model: Model, queue: InferenceQueue, capacity: Int) {
    self.queue = queue
    self.capacity = capacity
    client = queue.makeClient()
    predictor = Predictor(model, capacity: capacity, pool: queue.pool)
  }

  deinit { queue.removeClient(client) }

  /// Whether other models use the queue at present.
  var isQueueShared: Bool { queue.isShared(by: client) }

  func run(_ requests: [(image: PreparedImage, options: DetectionOptions)]) async -> [Prediction] {
    await queue.run(for: client) { self.predictor.detect(requests) }
  }

  /// The time per image under full load. Discards the first, cold run. A slow network is measured with one image only, so
  /// that the service starts soon.
  func measure() async -> Duration {
    let model = predictor.model
    let blank = Image(width: model.inputSize.width, height: model.inputSize.height, gray: 114)
    let request = (image: model.prepare(blank), options: DetectionOptions())
    _ = await run([request])
    let single = await timePerImage(request, count: 1)
    guard single * capacity < .milliseconds(200) else { return single }
    return min(single, await timePerImage(request, count: capacity))
  }

  private func timePerImage(
    _ request: (image: PreparedImage, options: DetectionOptions), count: Int
  ) async -> Duration {
    let prediction = await run(Array(repeating: request, count: count)).first
    return (prediction?.inference ?? .zero) / count
  }
}
