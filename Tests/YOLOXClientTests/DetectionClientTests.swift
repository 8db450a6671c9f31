import Foundation
import Service
import TestSupport
import Testing
import YOLOXClient

@Suite("A client of the service", .enabled(if: SharedData.isPresent, SharedData.missing))
struct DetectionClientTests {
  private let service: RunningService
  private var client: DetectionClient { service.client }

  init() async throws { service = try await RunningService() }

  @Test("finds in a file what the authors' network finds in it")
  func file() async throws {
    let found = try await client.detect(
      contentsOf: RunningService.dog, options: DetectOptions(scoreThreshold: 0.35))
    let expected = try Golden.dog.detections.filter { $0.score >= 0.35 }
    #expect(found.detections.map(\.label) == expected.map(\.label))
    for (detection, golden) in zip(found.detections, expected) {
      #expect(abs(detection.score - golden.score) <= 0.02)
      // Decoders and resizers differ a little: the sides by a hundredth of the box.
      let box = detection.box
      for (side, expected) in zip([box.x1, box.y1, box.x2, box.y2], golden.box) {
        #expect(abs(side - expected) <= 0.01 * max(box.width, box.height), "\(golden.label)")
      }
    }
    #expect(found.image.width == 768 && found.image.height == 576)
    #expect(found.model.name == "yolox-nano" && found.model.input.width == 416)
    #expect(found.timing.total >= found.timing.inference && found.timing.inference > .zero)
  }

  @Test("says of each of several pictures what it shows or what is wrong with it")
  func several() async throws {
    let dog = try Data(contentsOf: RunningService.dog)
    let results = try await client.detect(
      [dog, Data("no picture".utf8), dog], options: DetectOptions(classes: ["dog"]))
    #expect(results.count == 3)
    for index in [0, 2] { #expect(try results[index].get().detections.map(\.label) == ["dog"]) }
    let problem = #expect(throws: YOLOXClient.Problem.self) { try results[1].get() }
    #expect(problem?.type == "urn:swift-yolox:problem:unsupported-image" && problem?.status == 415)

    #expect(try await client.detect([dog]).map { try $0.get().image.width } == [768])
    #expect(try await client.detect([Data]()).isEmpty)
  }

  @Test("sends every option")
  func options() async throws {
    func labels(_ options: DetectOptions) async throws -> [String] {
      try await client.detect(contentsOf: RunningService.dog, options: options).detections.map(\.label)
    }
    #expect(try await labels(DetectOptions(scoreThreshold: 0.5, classes: ["car", "dog"])) == ["dog", "car"])
    #expect(try await labels(DetectOptions(maxDetections: 1)) == ["dog"])
    #expect(
      try await labels(DetectOptions(nmsThreshold: 0.4, classAgnostic: true, model: "yolox-nano")).contains(
        "dog"))
    for wrong in [
      DetectOptions(scoreThreshold: 2), DetectOptions(nmsThreshold: -1), DetectOptions(maxDetections: 0),
      DetectOptions(classes: ["no+such&class"]),
    ] {
      #expect(
        try await refusal { try await labels(wrong) }?.type == "urn:swift-yolox:problem:invalid-parameter")
    }
    let detail = try await refusal { try await labels(DetectOptions(classes: ["no+such&class"])) }?.detail
    #expect(detail?.contains("no+such&class") == true)
    #expect(try await refusal { try await labels(DetectOptions(model: "none")) }?.status == 404)
    // Its own timeout is what the service is told: none at all is what it refuses.
    let timeless = try await refusal { try await labels(DetectOptions(timeout: .zero)) }
    #expect(timeless?.type == "urn:swift-yolox:problem:invalid-header")
    #expect(try await labels(DetectOptions(timeout: .seconds(300))).first == "dog")
  }

  @Test("has every parameter of /detect")
  func parameters() throws {
    let options = DetectOptions(
      scoreThreshold: 0.5, nmsThreshold: 0.5, maxDetections: 1, classes: ["dog"], classAgnostic: true,
      model: "a", timeout: .seconds(1))
    // A property that is added to the options has to be set here.
    for property in Mirror(reflecting: options).children {
      #expect("\(property.value)" != "nil", "\(property.label ?? "")")
    }
    let url = options.added(to: try #require(URL(string: "http://localhost/detect")))
    let names = URLComponents(url: url, resolvingAgainstBaseURL: false)?.queryItems?.map(\.name)
    #expect(names?.sorted() == DetectParameters.Name.allCases.map(\.rawValue).sorted())
  }

  @Test("lists the models")
  func models() async throws {
    let model = try #require(try await client.models().first)
    #expect(model.name == "yolox-nano" && model.state == .loaded && model.variant == "nano")
    #expect(model.classes?.count == 80 && model.input?.height == 416 && model.precision == "fp32")
    #expect((model.parameters ?? 0) > 900_000 && (model.memoryBytes ?? 0) > 3_600_000)
    try service.models.unload("yolox-nano")
    let unloaded = try #require(try await client.models().first)
    #expect(unloaded.state == .unloaded && unloaded.classes == nil)
  }

  @Test("tells whether the service is ready")
  func readiness() async throws {
    #expect(await client.isReady())
    let starting = try await RunningService(readiness: Readiness(.starting))
    #expect(await !starting.client.isReady())
    // What has no owner any more stops; this one is to be asked.
    withExtendedLifetime(starting) {}
    // Where nobody listens, nobody is ready.
    let nobody = DetectionClient(try #require(URL(string: "http://127.0.0.1:1")))
    #expect(await !nobody.isReady())
    await #expect { try await nobody.models() } throws: { error in
      if case ClientError.unreachable = error { true } else { false }
    }
  }

  @Test("shows its key")
  func keys() async throws {
    let keys = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID().uuidString)")
    try Data("a-key-for-the-tests\n".utf8).write(to: keys)
    defer { try? FileManager.default.removeItem(at: keys) }
    let guarded = try await RunningService { $0.access.keys = try APIKeys(contentsOfFile: keys.path) }
    var client = guarded.client
    #expect(try await refusal { try await client.models() }?.type == "urn:swift-yolox:problem:unauthorized")
    client.apiKey = "a-key-for-the-tests"
    #expect(try await client.models().count == 1)
    withExtendedLifetime(guarded) {}
  }

  @Test("is told of pictures that are none, and of files that are not there")
  func noPicture() async throws {
    let problem = try await refusal { try await client.detect(Data("no picture".utf8)) }
    #expect(problem?.status == 415 && problem?.title?.isEmpty == false && problem?.detail?.isEmpty == false)
    let missing = URL(filePath: "/nowhere/at-all.jpg")
    await #expect { try await client.detect(contentsOf: missing) } throws: { error in
      if case ClientError.unreadableFile(missing, _) = error { true } else { false }
    }
  }

  @Test("makes a problem of an answer that is not one")
  func foreignAnswer() async throws {
    // Below this path the service speaks as DOODS2 does.
    let url = service.url.appending(path: "doods")
    let problem = try await refusal {
      try await DetectionClient(url, session: RunningService.patientSession).models()
    }
    #expect(problem?.type == "about:blank" && problem?.status == 404)
    #expect(problem?.detail?.contains("error") == true)
  }

  @Test("waits as long as it is asked to and sends the picture again, if it is told to do so")
  func retries() async throws {
    try service.models.unload("yolox-nano")
    let refused = try await refusal { try await client.detect(contentsOf: RunningService.dog) }
    #expect(refused?.type == "urn:swift-yolox:problem:model-not-loaded")
    let asked = try #require(refused?.retryAfter)

    let waits = Waits()
    let models = service.models
    let patient = DetectionClient(
      service.url, retry: Retry(attempts: 3), session: RunningService.patientSession
    ) { duration in
      if await waits.add(duration) == 2 { try await models.load("yolox-nano") }
    }
    let found = try await patient.detect(contentsOf: RunningService.dog)
    #expect(found.detections.first?.label == "dog")
    #expect(await waits.all == [asked, asked])

    try models.unload("yolox-nano")
    let impatient = DetectionClient(
      service.url, retry: Retry(attempts: 3, longestWait: .zero), session: RunningService.patientSession
    ) { _ in
      Issue.record("it waited")
    }
    #expect(try await refusal { try await impatient.detect(contentsOf: RunningService.dog) } == refused)
  }

  /// The problem that a request is refused with.
  private func refusal<Answer>(_ body: () async throws -> Answer) async throws -> YOLOXClient.Problem? {
    do { _ = try await body() } catch ClientError.refused(let problem) { return problem }
    Issue.record("it was not refused")
    return nil
  }
}

private actor Waits {
  private(set) var all: [Duration] = []

  /// How many there are now.
  func add(_ wait: Duration) -> Int {
    all.append(wait)
    return all.count
  }
}

/// `golden/detections.json`: what ONNX Runtime and the authors' postprocessing find with yolox_nano.onnx.
private struct Golden: Decodable {
  struct Found: Decodable {
    let label: String
    let score: Double
    /// x1, y1, x2, y2
    let box: [Double]
  }

  let detections: [Found]

  static var dog: Golden {
    get throws {
      let all = try JSONDecoder().decode(
        [String: Golden].self, from: Data(try SharedData.bytes("golden/detections.json")))
      return try #require(all["dog.jpg"])
    }
  }
}
