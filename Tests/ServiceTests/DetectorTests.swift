import Engine
import Imaging
import Service
import TestSupport
import Testing
import YOLOX

@Suite("Detector", .serialized, .enabled(if: SharedData.isPresent, SharedData.missing))
struct DetectorTests {
  private let model: Model
  private let lane = InferenceQueue(threads: 2)
  private let dog: PreparedImage

  init() throws {
    model = try TestService.nano()
    dog = model.prepare(try Image(decoding: try SharedData.bytes("images/dog.jpg")))
  }

  private func detector(_ adjust: (inout Batching) -> Void = { _ in }) async -> Detector {
    var batching = Batching()
    adjust(&batching)
    return await Detector(model, lane: lane, batching: batching)
  }

  private func forever() -> RequestDeadline { RequestDeadline(.seconds(3600)) }

  @Test("answers are the same bits whatever else is in the run", arguments: [1, 3, 8])
  func batches(most: Int) async throws {
    var predictor = Predictor(model, pool: .init(threads: 1))
    let blank = model.prepare(Image(width: 300, height: 200, gray: 90))
    let expected = predictor.detect([(dog, DetectionOptions(scoreThreshold: 0.01))])[0].detections
    let detector = await detector { $0.most = most }
    let found = try await withThrowingTaskGroup(of: (Int, [Detection]).self) { group in
      for index in 0..<16 {
        group.addTask {
          let options = DetectionOptions(scoreThreshold: index % 2 == 0 ? 0.01 : 0.6)
          let image = index % 4 == 1 ? blank : dog
          let result = try await detector.detect(image, options: options, lifetime: forever())
          return (index, result.outcome.detections)
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

  @Test("a picture whose time is over, or whose client has gone, is not looked at")
  func vain() async {
    let detector = await detector()
    let abandoned = forever()
    abandoned.abandon()
    for (lifetime, error) in [
      (RequestDeadline(.seconds(-1)), DetectorError.expired), (abandoned, DetectorError.abandoned),
    ] {
      await #expect(throws: error) {
        try await detector.detect(dog, options: DetectionOptions(), lifetime: lifetime)
      }
    }
  }

  @Test("takes in as many pictures as it may, and again once they are gone")
  func admission() async throws {
    let detector = await detector { $0.queueLimit = 3 }
    var passes = [try detector.admit(2), try detector.admit(1)]
    #expect(throws: DetectorError.self) { try detector.admit(1) }
    #expect(throws: DetectorError.self) { try detector.admit(4) }
    passes.removeFirst()
    #expect(detector.admission.count == 1)
    passes.append(try detector.admit(2))
    #expect(throws: DetectorError.self) { try detector.admit(1) }
    passes = []
    #expect(detector.admission.count == 0)
  }

  @Test("the queue is as long as can be answered in time and fits into memory")
  func queueLimit() {
    var batching = Batching()
    let small = InputSize(height: 416, width: 416)
    #expect(batching.queueLimit(for: small, timePerPicture: .milliseconds(100), timeout: .seconds(5)) == 50)
    #expect(batching.queueLimit(for: small, timePerPicture: .milliseconds(1), timeout: .seconds(5)) == 129)
    #expect(
      batching.queueLimit(for: small, timePerPicture: .seconds(3), timeout: .seconds(5)) == batching.most)
    batching.queueLimit = 7
    #expect(batching.queueLimit(for: small, timePerPicture: .milliseconds(1), timeout: .seconds(5)) == 7)
  }

  @Test("what a picture is expected to take follows what full runs take, and falls with any that is quicker")
  func pace() {
    var pace = Pace(.milliseconds(80))
    pace.ran(1, in: .milliseconds(160), isFull: false)
    #expect(pace.timePerPicture == .milliseconds(80))
    pace.ran(1, in: .milliseconds(40), isFull: false)
    #expect(pace.timePerPicture == .milliseconds(75))
    for _ in 0..<100 { pace.ran(4, in: .milliseconds(1200), isFull: true) }
    #expect(abs(pace.timePerPicture / .milliseconds(300) - 1) < 0.01)
    for _ in 0..<100 { pace.ran(4, in: .milliseconds(40), isFull: true) }
    #expect(abs(pace.timePerPicture / .milliseconds(10) - 1) < 0.01)
  }

  @Test("a queue that was measured beside other work grows once pictures are quicker")
  func queueFollows() async throws {
    let detector = await detector { $0.memory = 1 << 40 }
    let before = (limit: detector.queueLimit, time: detector.timePerPicture)
    for _ in 0..<3 {
      _ = try await detector.detect(dog, options: DetectionOptions(), lifetime: forever())
    }
    // Lone pictures shorten it or say nothing, whatever else this machine is doing.
    #expect(detector.timePerPicture <= before.time && detector.queueLimit >= before.limit)
    #expect(detector.queueLimit == max(4, Int(Duration.seconds(10) / detector.timePerPicture)))
  }

  // Each would wait for an hour if it were to run alone.
  @Test("pictures that wait for company run as soon as the run is full", .timeLimit(.minutes(20)))
  func company() async throws {
    let detector = await detector {
      $0.most = 2
      $0.delay = .seconds(3600)
    }
    for _ in 0..<2 {
      let found = try await withThrowingTaskGroup(of: [Detection].self) { group in
        for _ in 0..<2 {
          group.addTask {
            try await detector.detect(dog, options: DetectionOptions(), lifetime: forever()).outcome
              .detections
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(found.count == 2 && found[0] == found[1] && !found[0].isEmpty)
    }
  }

  @Test("a picture for which no company comes runs alone, after the delay")
  func noCompany() async throws {
    let delay = Duration.milliseconds(5)
    let detector = await detector { $0.delay = delay }
    let result = try await detector.detect(dog, options: DetectionOptions(), lifetime: forever())
    #expect(result.queued >= delay && !result.outcome.detections.isEmpty)
  }
}
