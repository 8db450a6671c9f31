import Foundation
import HTTPServer
import Service
import TestSupport
import Testing

/// Compressed bodies of every API.
@Suite("Compressed bodies", .serialized)
struct CompressedBodyTests {
  private let image: [UInt8]

  init() throws { image = try ServedScene.current.imageBytes }

  /// A body for each route that takes one.
  private var requests: [(path: String, fields: String, body: [UInt8])] {
    get throws {
      let base64 = Data(image).base64EncodedString()
      let form =
        Array("--x\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\n".utf8) + image
        + Array("\r\n--x--\r\n".utf8)
      let formType = "Content-Type: multipart/form-data; boundary=x\r\n"
      let tensor = KServeTensor.elements([image])
      let header = Array(
        #"{"inputs":[{"name":"i","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":\#(tensor.count)}}]}"#
          .utf8)
      let json = "Content-Type: application/json\r\n"
      return [
        ("/detect", "", image), ("/detect", formType, form),
        ("/detect", json, Array(#"{"image":"\#(base64)"}"#.utf8)),
        ("/v1/vision/detection", formType, form), ("/v1/vision/custom/yolox-nano", formType, form),
        (
          "/v2/models/yolox-nano/infer", "Inference-Header-Content-Length: \(header.count)\r\n",
          header + tensor
        ),
        ("/v2/models/yolox-nano/infer", "Inference-Header-Content-Length: 0\r\n", image),
        ("/doods/detect", json, Array(#"{"data":"\#(base64)","detect":{"*":40}}"#.utf8)),
        ("/predictions/yolox-nano", "", image),
      ]
    }
  }

  /// The response without what differs between two requests.
  private func result(_ response: RawResponse) throws -> NSDictionary {
    let value = try JSONSerialization.jsonObject(with: Data(response.body.utf8))
    var object = value as? [String: Any] ?? ["list": value]
    for name in [
      "timing_ms", "duration", "inferenceMs", "processMs", "analysisRoundTripMs", "timestampUTC", "id",
      "requestId",
    ] {
      object[name] = nil
    }
    return object as NSDictionary
  }

  @Test("a compressed body is answered like the plain one by every API")
  func sameAnswers() async throws {
    let service = try await TestService()
    for (path, fields, body) in try requests {
      let plain = try await service.post(body, to: path, fields: fields)
      #expect(plain.status == 200, "\(path): \(plain.body)")
      for (format, coding) in [(CompressedFormat.gzip, "gzip"), (.zlib, "deflate"), (.rawDeflate, "deflate")]
      {
        let response = try await service.post(
          compressed(body, as: format), to: path,
          fields: fields + "Content-Encoding: \(coding)\r\nAccept-Encoding: gzip, br\r\n")
        #expect(response.status == 200, "\(path): \(response.body)")
        #expect(try result(response) == result(plain), "\(path)")
      }
    }
    #expect(service.server.bodyMemoryUsed == 0)
  }

  @Test("a coding that is not supported is 415 and names those that are, in every API's form")
  func unsupported() async throws {
    let service = try await TestService()
    for (path, fields, body) in try requests {
      let response = try await service.post(body, to: path, fields: fields + "Content-Encoding: br\r\n")
      #expect(response.status == 415 && response.fields["accept-encoding"] == "gzip, deflate", "\(path)")
      #expect(try detail(response).contains("'br'"), "\(path): \(response.body)")
    }
    let response = try await service.post(image, fields: "Content-Encoding: br\r\n")
    #expect(try response.problem == "unsupported-content-coding")
  }

  @Test("a truncated or corrupt body is 400 with the reason, in every API's form")
  func corrupt() async throws {
    let service = try await TestService()
    for (path, fields, body) in try requests {
      let whole = compressed(body, as: .gzip)
      let truncated = try await service.post(
        Array(whole[..<(whole.count / 2)]), to: path, fields: fields + "Content-Encoding: gzip\r\n")
      #expect(truncated.status == 400, "\(path)")
      #expect(try detail(truncated).contains("truncated"), "\(path): \(truncated.body)")
      let plain = try await service.post(body, to: path, fields: fields + "Content-Encoding: gzip\r\n")
      #expect(try plain.status == 400 && detail(plain).contains("incorrect header check"), "\(path)")
    }
  }

  /// The explanation in any API's error.
  private func detail(_ response: RawResponse) throws -> String {
    let json = try response.json
    return ["detail", "error", "message"].compactMap { json[$0] as? String }.first ?? ""
  }

  @Test("a body that expands too far is 413, and 503 while there is no memory for it")
  func limits() async throws {
    let bomb = compressed([UInt8](repeating: 0, count: 30 << 20), as: .gzip)
    let service = try await TestService { $0.server.limits.body = 64 << 20 }
    let dense = try await service.post(bomb, fields: "Content-Encoding: gzip\r\n")
    #expect(try dense.status == 413 && dense.problem == "body-too-large")
    #expect(try detail(dense).contains("100 times"))
    let small = try await TestService { $0.server.limits.body = 1 << 20 }
    let large = try await small.post(bomb, fields: "Content-Encoding: gzip\r\n")
    #expect(try large.status == 413 && detail(large).contains("1048576 bytes"))
    let poor = try await TestService { $0.server.maxBodyMemory = 1 << 20 }
    let rejected = try await poor.post(bomb, fields: "Content-Encoding: gzip\r\n")
    #expect(try rejected.status == 503 && rejected.problem == "overloaded")
    #expect(rejected.fields["retry-after"] != nil && poor.server.bodyMemoryUsed == 0)
  }
}
