import Foundation
import HTTPServer
import HTTPTypes
import Imaging
import Service
import TestSupport
import Testing
import YOLOXClient

@Suite("The client library")
struct DetectionClientTests {
  private let service: RunningService
  private var client: DetectionClient { service.client }

  init() async throws { service = try await RunningService() }

  @Test("detects in a file what the authors' network detects")
  func file() async throws {
    let scene = try ServedScene.current
    let found = try await client.detect(contentsOf: scene.image, options: DetectOptions(scoreThreshold: 0.35))
    let expected = scene.detections.filter { $0.score >= 0.35 }
    #expect(found.detections.map(\.label) == expected.map(\.label))
    for (detection, golden) in zip(found.detections, expected) {
      #expect(abs(detection.score - golden.score) <= 0.02)
      // Decoders and resizers differ slightly: allow a hundredth of the box for each side.
      let box = detection.box
      for (side, expected) in zip([box.x1, box.y1, box.x2, box.y2], golden.box) {
        #expect(abs(side - expected) <= 0.01 * max(box.width, box.height), "\(golden.label)")
      }
    }
    #expect(found.image.width == scene.width && found.image.height == scene.height)
    #expect(found.model.name == "yolox-nano" && found.model.input.width == scene.inputSide)
    #expect(found.timing.total >= found.timing.inference && found.timing.inference > .zero)
  }

  @Test("returns detections or a problem for each of several images")
  func several() async throws {
    let dog = try Data(contentsOf: RunningService.image)
    let results = try await client.detect(
      [dog, Data("not an image".utf8), dog], options: DetectOptions(classes: ["dog"]))
    #expect(results.count == 3)
    for index in [0, 2] { #expect(try results[index].get().detections.map(\.label) == ["dog"]) }
    let problem = #expect(throws: YOLOXClient.Problem.self) { try results[1].get() }
    #expect(problem?.type == "urn:swift-yolox:problem:unsupported-image" && problem?.status == 415)

    #expect(try await client.detect([dog]).map { try $0.get().image.width } == [ServedScene.current.width])
    #expect(try await client.detect([Data]()).isEmpty)
  }

  @Test("sends every option")
  func options() async throws {
    func labels(_ options: DetectOptions) async throws -> [String] {
      try await client.detect(contentsOf: RunningService.image, options: options).detections.map(\.label)
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
        try await thrownProblem { try await labels(wrong) }?.type
          == "urn:swift-yolox:problem:invalid-parameter")
    }
    let detail = try await thrownProblem { try await labels(DetectOptions(classes: ["no+such&class"])) }?
      .detail
    #expect(detail?.contains("no+such&class") == true)
    #expect(try await thrownProblem { try await labels(DetectOptions(model: "none")) }?.status == 404)
    // The client sends the timeout to the service, which rejects zero.
    let timeless = try await thrownProblem { try await labels(DetectOptions(timeout: .zero)) }
    #expect(timeless?.type == "urn:swift-yolox:problem:invalid-header")
    #expect(try await labels(DetectOptions(timeout: .seconds(300))).first == "dog")
  }

  @Test("has every parameter of /detect")
  func parameters() throws {
    var options = DetectOptions(
      scoreThreshold: 0.5, nmsThreshold: 0.5, maxDetections: 1, classes: ["dog"], classAgnostic: true,
      model: "a", timeout: .seconds(1))
    options.profile = "door"
    (options.slices, options.sliceSize, options.sliceOverlap) = ("2x2", "640", 0.1)
    (options.sliceMerge, options.sliceMetric, options.sliceThreshold) = (.nms, .iou, 0.4)
    (options.scoreThresholds, options.minBoxSize, options.maxBoxSize) = (["dog": 0.5], "1", "50%")
    let zone = Zone([.init(x: 0, y: 0), .init(x: 1, y: 0), .init(x: 0.5, y: 1)])
    (options.includeZones, options.excludeZones, options.zoneMatch) = ([zone], [zone, zone], .share(0.5))
    // A property that is added to the options has to be set here.
    for property in Mirror(reflecting: options).children {
      #expect("\(property.value)" != "nil", "\(property.label ?? "")")
    }
    // The format is that of the method that is called.
    let url = options.appended(to: try #require(URL(string: "http://localhost/detect")), format: .png)
    let names = URLComponents(url: url, resolvingAgainstBaseURL: false)?.queryItems?.map(\.name)
    #expect(names?.sorted() == DetectParameters.Name.allCases.map(\.rawValue).sorted())
  }

  @Test("returns the image with the detections drawn", arguments: YOLOXClient.ImageFormat.allCases)
  func drawing(format: YOLOXClient.ImageFormat) async throws {
    let scene = try ServedScene.current
    let source = try Image(decoding: scene.imageBytes)
    let drawn = try await client.drawDetections(onContentsOf: scene.image, as: format)
    let image = try Image(decoding: [UInt8](drawn))
    #expect(image.width == source.width && image.height == source.height)
    let nothing = try await client.drawDetections(
      on: Data(scene.imageBytes), as: format, options: DetectOptions(scoreThreshold: 1))
    let plain = try Image(decoding: [UInt8](nothing))
    #expect(plain != image)
    if format == .png { #expect(plain == source) }
    #expect(
      try await thrownProblem { _ = try await client.drawDetections(on: Data("no image".utf8), as: format) }?
        .status == 415)
  }

  @Test("sends compressed bodies that the service decodes", arguments: BodyCompression.allCases)
  func compression(coding: BodyCompression) async throws {
    let plain = try ServedScene.current.imageBytes
    let observer = try ObservedServer()
    var client = DetectionClient(observer.url, session: RunningService.patientSession)
    client.bodyCompression = coding
    _ = try? await client.detect(Data(plain))
    _ = try? await client.detect(Data())
    let requests = observer.requests
    #expect(requests.map { $0.fields[.contentEncoding] } == [coding.rawValue, coding.rawValue])
    #expect(requests.first.map { $0.body != plain } == true)
    for (request, body) in zip(requests, [plain, []]) {
      #expect(try request.decodingBody(DecodingLimits(bytes: 1 << 24)).body == body)
    }

    var compressing = service.client
    compressing.bodyCompression = coding
    let found = try await compressing.detect(contentsOf: RunningService.image)
    #expect(
      found.detections == (try await service.client.detect(contentsOf: RunningService.image)).detections)
    let several = try await compressing.detect([Data(plain), Data(plain)])
    #expect(try several.map { try $0.get().detections } == [found.detections, found.detections])
  }

  @Test("sends slices and filters as the service reads them")
  func camera() async throws {
    var options = DetectOptions(scoreThreshold: 0.35)
    (options.slices, options.sliceOverlap, options.sliceMerge) = ("2x1", 0.3, .greedyNMM)
    (options.sliceMetric, options.sliceThreshold) = (.ios, 0.5)
    (options.scoreThresholds, options.minBoxSize, options.maxBoxSize) = (
      ["dog": 0.5, "car": 0.99], "8", "100%"
    )
    options.includeZones = [
      Zone([.init(x: 0, y: 0), .init(x: 1, y: 0), .init(x: 1, y: 1), .init(x: 0, y: 1)])
    ]
    options.zoneMatch = .share(0.5)
    let found = try await client.detect(contentsOf: RunningService.image, options: options)
    let labels = Set(found.detections.map(\.label))
    // The tiles may show the car as something else; no car has the score that it needs.
    #expect(labels.isSuperset(of: ["dog", "bicycle"]) && !labels.contains("car"))
    options.excludeZones = options.includeZones
    #expect(try await client.detect(contentsOf: RunningService.image, options: options).detections.isEmpty)
    let wrong = try await thrownProblem {
      var options = DetectOptions()
      options.profile = "none"
      _ = try await client.detect(contentsOf: RunningService.image, options: options)
    }
    #expect(wrong?.type == "urn:swift-yolox:problem:invalid-parameter")
  }

  @Test("lists the models")
  func models() async throws {
    let model = try #require(try await client.models().first)
    #expect(model.name == "yolox-nano" && model.state == .loaded && model.variant == "nano")
    let scene = try ServedScene.current
    #expect(model.classes?.count == scene.classCount && model.input?.height == scene.inputSide)
    #expect(model.precision == "fp32")
    // YOLOX-Nano has 0.9 million, and a few thousand more for each class.
    let parameters = try #require(model.parameters)
    #expect((890_000...920_000).contains(parameters) && (model.memoryBytes ?? 0) > 4 * parameters)
    try service.models.unload("yolox-nano")
    let unloaded = try #require(try await client.models().first)
    #expect(unloaded.state == .unloaded && unloaded.classes == nil)
  }

  @Test("reports whether the service is ready")
  func readiness() async throws {
    #expect(await client.isReady())
    let starting = try await RunningService(readiness: Readiness(.starting))
    #expect(await !starting.client.isReady())
    // A service stops when its last reference goes.
    withExtendedLifetime(starting) {}
    let unreachable = DetectionClient(try #require(URL(string: "http://127.0.0.1:1")))
    #expect(await !unreachable.isReady())
    await #expect { try await unreachable.models() } throws: { error in
      if case ClientError.unreachable = error { true } else { false }
    }
  }

  @Test("sends its API key")
  func keys() async throws {
    let keys = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID().uuidString)")
    try Data("a-key-for-the-tests\n".utf8).write(to: keys)
    defer { try? FileManager.default.removeItem(at: keys) }
    let guarded = try await RunningService { $0.access.keys = try APIKeys(contentsOfFile: keys.path) }
    var client = guarded.client
    #expect(
      try await thrownProblem { try await client.models() }?.type == "urn:swift-yolox:problem:unauthorized")
    client.apiKey = "a-key-for-the-tests"
    #expect(try await client.models().count == 1)
    withExtendedLifetime(guarded) {}
  }

  @Test("throws a problem for data that is not an image, and an error for a missing file")
  func notAnImage() async throws {
    let problem = try await thrownProblem { try await client.detect(Data("not an image".utf8)) }
    #expect(problem?.status == 415 && problem?.title?.isEmpty == false && problem?.detail?.isEmpty == false)
    let missing = URL(filePath: "/nowhere/at-all.jpg")
    await #expect { try await client.detect(contentsOf: missing) } throws: { error in
      if case ClientError.unreadableFile(missing, _) = error { true } else { false }
    }
  }

  @Test("turns a foreign error response into a problem")
  func foreignAnswer() async throws {
    // Below this path the service uses the error format of DOODS2.
    let url = service.url.appending(path: "doods")
    let problem = try await thrownProblem {
      try await DetectionClient(url, session: RunningService.patientSession).models()
    }
    #expect(problem?.type == "about:blank" && problem?.status == 404)
    #expect(problem?.detail?.contains("error") == true)
  }

  @Test("retries after the delay that the service asks for, if the policy allows it")
  func retries() async throws {
    try service.models.unload("yolox-nano")
    let rejection = try await thrownProblem { try await client.detect(contentsOf: RunningService.image) }
    #expect(rejection?.type == "urn:swift-yolox:problem:model-not-loaded")
    let asked = try #require(rejection?.retryAfter)

    let delays = Delays()
    let models = service.models
    let patient = DetectionClient(
      service.url, retryPolicy: RetryPolicy(maxAttempts: 3), session: RunningService.patientSession
    ) { duration in
      if await delays.add(duration) == 2 { try await models.load("yolox-nano") }
    }
    let found = try await patient.detect(contentsOf: RunningService.image)
    #expect(found.detections.first?.label == "dog")
    #expect(await delays.all == [asked, asked])

    try models.unload("yolox-nano")
    let impatient = DetectionClient(
      service.url, retryPolicy: RetryPolicy(maxAttempts: 3, maxDelay: .zero),
      session: RunningService.patientSession
    ) { _ in
      Issue.record("the client waited")
    }
    #expect(
      try await thrownProblem { try await impatient.detect(contentsOf: RunningService.image) } == rejection)
  }

  /// The problem that `body` throws.
  private func thrownProblem<Response>(_ body: () async throws -> Response) async throws -> YOLOXClient
    .Problem?
  {
    do { _ = try await body() } catch ClientError.problem(let problem) { return problem }
    Issue.record("no problem was thrown")
    return nil
  }
}

private actor Delays {
  private(set) var all: [Duration] = []

  /// - Returns: the number of delays so far.
  func add(_ delay: Duration) -> Int {
    all.append(delay)
    return all.count
  }
}
