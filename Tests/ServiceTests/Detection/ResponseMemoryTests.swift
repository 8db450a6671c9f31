import Foundation
import HTTPServer
import HTTPTypes
import Imaging
import Service
import Synchronization
import TestSupport
import Testing

/// The memory of drawn images and long lists, and who waits for them.
@Suite("Large responses", .serialized, .timeLimit(.minutes(20)))
struct ResponseMemoryTests {
  @Test("drawing takes the memory of one large image at a time, and no time for clients that have gone")
  func drawing() async {
    // In a process of its own, whose memory and time can be measured.
    await #expect(processExitsWith: .success) {
      let (width, height) = (4000, 3000)
      // One colour: some ten kilobytes that are 108 MB while they are decoded, drawn and encoded.
      let png = try Image(width: width, height: height, gray: 114).encoded(as: .png)
      let budget = 128 << 20
      let service = try await TestService {
        $0.threads = 4
        $0.maxDecodingMemory = budget
      }
      func request() throws -> RawClient {
        let client = try RawClient(port: service.port)
        let head =
          "POST /detect HTTP/1.1\r\nHost: a\r\nAccept: image/png\r\nContent-Length: \(png.count)\r\n\r\n"
        client.send(Array(head.utf8) + png)
        return client
      }
      let start = processorSeconds()
      let first = try await request().readResponses(1).first?.status
      #expect(first == 200)
      let one = processorSeconds() - start

      let before = residentBytes()
      let peak = Peak()
      var clients = try (0..<8).map { _ in try request() }
      Thread.detachNewThread { peak.measure() }
      for client in clients {
        let status = await client.readResponses(1).first?.status
        #expect(status == 200)
      }
      peak.stop()
      clients = []
      let grown = peak.bytes - before
      #expect(grown < budget + (100 << 20), "\(grown >> 20) MB more")

      let startOfGone = processorSeconds()
      var leavers = try (0..<10).map { _ in try request() }
      // Bodies are counted until their responses are made.
      let sent = ContinuousClock.now
      while service.server.bodyMemoryUsed < 6 * png.count, sent.duration(to: .now) < .seconds(2) {
        try await Task.sleep(for: .milliseconds(1))
      }
      leavers = []
      while service.server.connectionCount > leavers.count || service.server.bodyMemoryUsed > 0 {
        try await Task.sleep(for: .milliseconds(10))
      }
      let gone = processorSeconds() - startOfGone
      #expect(gone < 6 * one, "\(gone) s for ten clients that left, \(one) s for one that stayed")
    }
  }

  @Test("responses that clients do not read are bounded, and others are answered")
  func unread() async throws {
    let service = try await TestService { $0.maxResponseMemory = 1 << 20 }
    // Incompressible, and longer than what sockets buffer.
    let (width, height) = (2000, 1500)
    let pixels = (0..<3 * width * height).map { UInt8(truncatingIfNeeded: ($0 &* $0 &* 2_654_435_761) >> 13) }
    let jpeg = try Image(width: width, height: height, pixels: pixels).encoded(as: .jpeg)
    let accept = "Accept: image/png\r\n"
    let reader = try RawClient(port: service.port)
    reader.send("POST /detect HTTP/1.1\r\nHost: a\r\n\(accept)Content-Length: \(jpeg.count)\r\n\r\n")
    reader.send(jpeg)
    func answered() -> Int {
      service.log.lines.count { $0.message == "request" && $0.number("status") == 200 }
    }
    while answered() == 0 { try await Task.sleep(for: .milliseconds(5)) }

    let rejected = try await service.post(jpeg, fields: accept)
    #expect(rejected.status == 503)
    #expect(try rejected.problem == "overloaded")
    #expect(rejected.fields["retry-after"] == "1")
    #expect(try await service.post(jpeg).status == 200)

    let drawn = try #require(await reader.readResponses(1).first)
    #expect(drawn.status == 200 && drawn.bytes.count > 5 << 20)
    var status = 503
    while status == 503 { status = try await service.post(jpeg, fields: accept).status }
    #expect(status == 200)
  }

  @Test("a long response is encoded on a worker, a short one at once")
  func encoding() async throws {
    let workers = PreprocessingPool(count: 2)
    let pipeline = DetectionPipeline(
      workers: workers, imageLimits: ImageLimits(), decodingLimits: DecodingLimits(bytes: 1 << 20),
      requestTimeout: .seconds(900), metrics: ServiceMetrics(version: "test"), access: AccessPolicy(),
      responseMemory: MemoryBudget(limit: 0))
    let deadline = RequestDeadline(.seconds(900))
    for (detections, running) in [(100, 0), (101, 1), (64_000, 1)] {
      let response = try await pipeline.encode(deadline, detections: detections) { () throws(Problem) in
        Response(.ok, contentType: "text/plain", "\(workers.load.running)")
      }
      #expect(response.body == Array("\(running)".utf8))
    }
  }

  @Test("a list of 64 images with a thousand detections each is answered, and so are others beside it")
  func longLists() async throws {
    let service = try await TestService()
    let image = Data(try Image(width: 32, height: 32, gray: 114).encoded(as: .png)).base64EncodedString()
    let list: [String: Any] = [
      "images": Array(repeating: image, count: 64), "score_threshold": 0, "nms_threshold": 1,
      "max_detections": 1000,
    ]
    let body = try [UInt8](JSONSerialization.data(withJSONObject: list))
    let events = EventList()
    let json = "Content-Type: application/json\r\n"
    let large = (0..<2).map { _ in
      Task {
        let response = try await service.post(body, fields: json)
        events.append("large")
        return response
      }
    }
    let small = try Image(width: 32, height: 32, gray: 114).encoded(as: .png)
    while events.events.count(where: { $0 == "large" }) < 2 {
      #expect(try await service.post(small).status == 200)
      events.append("small")
    }
    for task in large {
      let response = try await task.value
      let results = try #require(response.json["results"] as? [[String: Any]])
      #expect(results.count == 64)
      #expect(results.allSatisfy { ($0["detections"] as? [Any])?.count == 1000 })
    }
    #expect(events.events.first == "small")
  }
}

/// Samples the resident memory of this process.
private final class Peak: Sendable {
  private let largest = Atomic<Int>(0)
  private let isDone = Atomic<Bool>(false)
  var bytes: Int { largest.load(ordering: .relaxed) }

  func measure() {
    while !isDone.load(ordering: .relaxed) {
      largest.max(residentBytes(), ordering: .relaxed)
      usleep(1000)
    }
  }

  func stop() { isDone.store(true, ordering: .relaxed) }
}

private func residentBytes() -> Int {
  let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
  return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
}

private func processorSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
