import Engine
import Imaging
import Service
import TestSupport
import Testing
import YOLOX

@Suite("Detector", .serialized)
struct DetectorTests {
  private let model: Model
  private let queue = InferenceQueue(threads: 2)
  private let dog: PreparedImage

  init() throws {
    model = try TestService.nano()
    dog = model.prepare(try Image(decoding: try ServedScene.current.imageBytes))
  }

  private func detector(_ adjust: (inout Batching) -> Void = { _ in }) async -> Detector {
    var batching = Batching()
    adjust(&batching)
    return await Detector(model, queue: queue, batching: batching)
  }

  private func noDeadline() -> RequestDeadline { RequestDeadline(.seconds(3600)) }

  @Test("results are bitwise equal whatever else is in the batch", arguments: [1, 3, 8])
  func batches(maxBatchSize: Int) async throws {
    var predictor = Predictor(model, pool: .init(threads: 1))
    let blank = model.prepare(Image(width: 300, height: 200, gray: 90))
    let expected = predictor.detect([(dog, DetectionOptions(scoreThreshold: 0.01))])[0].detections
    let detector = await detector { $0.maxBatchSize = maxBatchSize }
    let found = try await withThrowingTaskGroup(of: (Int, [Detection]).self) { group in
      for index in 0..<16 {
        group.addTask {
          let options = DetectionOptions(scoreThreshold: index % 2 == 0 ? 0.01 : 0.6)
          let image = index % 4 == 1 ? blank : dog
          let result = try await detector.detect(image, options: options, deadline: noDeadline())
          return (index, result.detections)
        }
      }
      return try await group.reduce(into: [Int: [Detection]]()) { $0[$1.0] = $1.1 }
    }
    for (index, detections) in found {
      switch index % 4 {
      case 1: #expect(detections.isEmpty)
      case 3: #expect(detections == expected.filter { $0.score >= 0.6 })
      default: #expect(detections == expected)
      }
    }
  }

  @Test("images of several input shapes get what each gives alone", arguments: [1, 4])
  func shapes(maxBatchSize: Int) async throws {
    var model = model
    model.inputShape = .fit
    let images = [(300, 200), (200, 300), (250, 250), (300, 60)].map { width, height in
      model.prepare(Image(width: width, height: height, gray: 90))
    }
    var batching = Batching()
    batching.maxBatchSize = maxBatchSize
    let detector = await Detector(model, queue: queue, batching: batching)
    let options = DetectionOptions(scoreThreshold: 0.001)
    var predictor = Predictor(model, pool: .init(threads: 1))
    let expected = images.map { predictor.detect([($0, options)])[0].detections }
    try await withThrowingTaskGroup(of: (Int, [Detection]).self) { group in
      for index in 0..<24 {
        group.addTask {
          let result = try await detector.detect(images[index % 4], options: options, deadline: noDeadline())
          return (index, result.detections)
        }
      }
      for try await (index, detections) in group { #expect(detections == expected[index % 4]) }
    }
  }

  @Test("an image whose deadline has passed or whose client has disconnected is not run")
  func cancelled() async {
    let detector = await detector()
    let disconnected = noDeadline()
    disconnected.clientDisconnected()
    for (deadline, error) in [
      (RequestDeadline(.seconds(-1)), DetectorError.expired),
      (disconnected, DetectorError.clientDisconnected),
    ] {
      await #expect(throws: error) {
        try await detector.detect(dog, options: DetectionOptions(), deadline: deadline)
      }
    }
  }

  @Test("admits images up to the limit, and again after permits are released")
  func admission() async throws {
    let detector = await detector { $0.queueLimit = 3 }
    var permits = [try detector.admit(2), try detector.admit(1)]
    #expect(throws: DetectorError.self) { try detector.admit(1) }
    #expect(throws: DetectorError.self) { try detector.admit(4) }
    permits.removeFirst()
    #expect(detector.admission.count == 1)
    permits.append(try detector.admit(2))
    #expect(throws: DetectorError.self) { try detector.admit(1) }
    permits = []
    #expect(detector.admission.count == 0)
  }

  @Test("the queue limit follows from the timeout and the memory")
  func queueLimit() {
    var batching = Batching()
    let small = InputSize(height: 416, width: 416)
    #expect(batching.queueLimit(for: small, timePerImage: .milliseconds(100), timeout: .seconds(5)) == 50)
    #expect(batching.queueLimit(for: small, timePerImage: .milliseconds(1), timeout: .seconds(5)) == 129)
    #expect(
      batching.queueLimit(for: small, timePerImage: .seconds(3), timeout: .seconds(5))
        == batching.maxBatchSize)
    batching.queueLimit = 7
    #expect(batching.queueLimit(for: small, timePerImage: .milliseconds(1), timeout: .seconds(5)) == 7)
  }

  @Test("the latency estimate follows full batches, and falls with any faster batch")
  func latencyEstimate() {
    var estimate = LatencyEstimate(.milliseconds(80))
    estimate.update(batchSize: 1, duration: .milliseconds(160), isFull: false)
    #expect(estimate.timePerImage == .milliseconds(80))
    estimate.update(batchSize: 1, duration: .milliseconds(40), isFull: false)
    #expect(estimate.timePerImage == .milliseconds(75))
    for _ in 0..<100 { estimate.update(batchSize: 4, duration: .milliseconds(1200), isFull: true) }
    #expect(abs(estimate.timePerImage / .milliseconds(300) - 1) < 0.01)
    for _ in 0..<100 { estimate.update(batchSize: 4, duration: .milliseconds(40), isFull: true) }
    #expect(abs(estimate.timePerImage / .milliseconds(10) - 1) < 0.01)
  }

  @Test("a queue limit that was measured on a busy machine grows once images are faster")
  func queueLimitFollowsLatency() async throws {
    let detector = await detector { $0.maxPreparedBytes = 1 << 40 }
    let before = (limit: detector.queueLimit, time: detector.timePerImage)
    for _ in 0..<3 {
      _ = try await detector.detect(dog, options: DetectionOptions(), deadline: noDeadline())
    }
    // Partial batches can only lower the estimate, whatever else this machine is doing.
    #expect(detector.timePerImage <= before.time && detector.queueLimit >= before.limit)
    #expect(detector.queueLimit == max(4, Int(Duration.seconds(10) / detector.timePerImage)))
  }

  // Each image would wait for an hour if it were to run alone.
  @Test("waiting images run as soon as the batch is full", .timeLimit(.minutes(20)))
  func fullBatch() async throws {
    let detector = await detector {
      $0.maxBatchSize = 2
      $0.maxQueueDelay = .seconds(3600)
    }
    for _ in 0..<2 {
      let found = try await withThrowingTaskGroup(of: [Detection].self) { group in
        for _ in 0..<2 {
          group.addTask {
            try await detector.detect(dog, options: DetectionOptions(), deadline: noDeadline())
              .detections
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(found.count == 2 && found[0] == found[1] && !found[0].isEmpty)
    }
  }

  @Test("an image without others runs alone after the maximum delay")
  func partialBatch() async throws {
    let delay = Duration.milliseconds(5)
    let detector = await detector { $0.maxQueueDelay = delay }
    let result = try await detector.detect(dog, options: DetectionOptions(), deadline: noDeadline())
    #expect(result.timings.queue >= delay && !result.detections.isEmpty)
  }
}
