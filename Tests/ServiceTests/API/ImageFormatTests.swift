import Foundation
import Imaging
import Service
import TestSupport
import Testing

@Suite("Images of a request", .serialized)
struct ImageFormatTests {
  private let service: TestService

  init() async throws { service = try await TestService() }

  private func fixture(_ name: String) throws -> [UInt8] {
    let url = SharedData.projectRoot.appending(path: "Tests/Fixtures/Imaging/\(name)")
    return [UInt8](try Data(contentsOf: url))
  }

  @Test(
    "every format is detected in, at the size of the upright image",
    arguments: [
      ("lossy.webp", 61, 47), ("lossless-alpha.webp", 61, 47), ("animated-inset.webp", 64, 48),
      ("webp-orientation-6.webp", 24, 40), ("png-orientation-6.png", 24, 40), ("orientation-6.jpg", 24, 40),
      ("animated.gif", 61, 47), ("rgb24.bmp", 29, 17),
    ])
  func formats(name: String, width: Int, height: Int) async throws {
    let response = try await service.post(fixture(name))
    #expect(response.status == 200)
    #expect(try response.json["image"] as? [String: Int] == ["width": width, "height": height])
    let drawn = try await service.post(fixture(name), fields: "Accept: image/png\r\n")
    let image = try Image(decoding: drawn.bytes)
    #expect(image.width == width && image.height == height)
  }

  @Test(
    "a truncated image is 422, in the response with boxes too", arguments: ["application/json", "image/jpeg"])
  func truncated(accept: String) async throws {
    let whole = try ServedScene.current.imageBytes
    for percent in [25, 50, 99] {
      let response = try await service.post(
        Array(whole.prefix(whole.count * percent / 100)), fields: "Accept: \(accept)\r\n")
      #expect(response.status == 422)
      #expect(try response.problem == "truncated-image")
    }
    #expect(try await service.post(Array(whole.dropLast(2))).status == 200)
    let line = #"yolox_rejected_total{reason="truncated",model="yolox-nano"} 3"#
    #expect(try await service.get("/metrics").body.contains(line))
  }

  @Test("an image with more pixels, or a longer side, than the limits is 413 and says so")
  func limits() async throws {
    let service = try await TestService { $0.imageLimits = ImageLimits(side: 60, pixels: 1500) }
    for (name, status) in [("rgb24.bmp", 200), ("lossy.webp", 413), ("animated-inset.webp", 413)] {
      let response = try await service.post(fixture(name))
      #expect(response.status == status, "\(name)")
      guard status == 413 else { continue }
      #expect(try response.problem == "image-too-large")
      #expect(try (response.json["detail"] as? String ?? "").contains("1500"))
    }
  }

  @Test("content that is no image is 415 and named")
  func named() async throws {
    for (body, name) in [
      ("<html><body>Unauthorized</body></html>", "HTML page"), ("<?xml version='1.0'?><busy/>", "XML"),
      ("/9j/4AAQSkZJRgABAQAAAQABAAD", "base64"), ("%PDF-1.7", "PDF"),
    ] {
      let response = try await service.post(Array(body.utf8))
      #expect(response.status == 415)
      #expect(try (response.json["detail"] as? String ?? "").contains(name))
    }
  }
}
