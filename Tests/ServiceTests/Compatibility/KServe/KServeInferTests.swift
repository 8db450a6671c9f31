import Engine
import Foundation
import Imaging
import TestSupport
import Testing
import YOLOX

/// A tensor as a client sends it: in the JSON, or as bytes after it.
struct KServeTensor {
  let datatype: String
  let shape: [Int]
  var data: Any?
  var bytes: [UInt8]?

  init(_ datatype: String, _ shape: [Int], data: Any) {
    (self.datatype, self.shape, self.data) = (datatype, shape, data)
  }
  init(_ datatype: String, _ shape: [Int], bytes: [UInt8]) {
    (self.datatype, self.shape, self.bytes) = (datatype, shape, bytes)
  }

  /// Each element with its length before it.
  static func elements(_ elements: [[UInt8]]) -> [UInt8] {
    elements.flatMap { element in (0..<4).map { UInt8(element.count >> ($0 * 8) & 0xFF) } + element }
  }

  static func dogs(_ count: Int) throws -> [UInt8] {
    elements(Array(repeating: try ServedScene.current.imageBytes, count: count))
  }
}

extension TestService {
  func infer(
    _ tensor: KServeTensor, parameters: [String: Any] = ["score_threshold": 0.4],
    outputs: [[String: Any]]? = nil,
    fields: String = ""
  ) async throws -> RawResponse {
    var input: [String: Any] = ["name": "input", "shape": tensor.shape, "datatype": tensor.datatype]
    input["data"] = tensor.data
    if let bytes = tensor.bytes { input["parameters"] = ["binary_data_size": bytes.count] }
    var request: [String: Any] = ["id": "7", "inputs": [input], "parameters": parameters]
    request["outputs"] = outputs
    let json = [UInt8](try JSONSerialization.data(withJSONObject: request))
    let length = tensor.bytes == nil ? "" : "Inference-Header-Content-Length: \(json.count)\r\n"
    return try await post(
      json + (tensor.bytes ?? []), to: "/v2/models/yolox-nano/infer", fields: length + fields)
  }
}

@Suite("KServeInfer", .serialized)
struct KServeInferTests {
  private let service: TestService
  private let scene: ServedScene

  init() async throws {
    service = try await TestService()
    scene = try ServedScene.current
  }

  /// The outputs of a JSON response, by name.
  private func outputs(_ response: RawResponse) throws -> [String: [String: Any]] {
    #expect(response.status == 200, "\(response.body)")
    let outputs = try #require(try response.json["outputs"] as? [[String: Any]])
    return Dictionary(
      uniqueKeysWithValues: outputs.compactMap { output in (output["name"] as? String).map { ($0, output) } })
  }

  // MARK: Inputs

  @Test("encoded images may follow the JSON, or be base64 in it")
  func encoded() async throws {
    let dog = try ServedScene.current.imageBytes
    for tensor in [
      KServeTensor("BYTES", [1], bytes: KServeTensor.elements([dog])),
      KServeTensor("BYTES", [1, 1], bytes: KServeTensor.elements([dog])),
      KServeTensor("BYTES", [1], data: [Data(dog).base64EncodedString()]),
    ] {
      let response = try await service.infer(tensor)
      #expect(
        try response.json["id"] as? String == "7" && response.json["model_name"] as? String == "yolox-nano")
      let outputs = try outputs(response)
      #expect(outputs["labels"]?["data"] as? [Int] == scene.classIDs)
      #expect(outputs["labels"]?["shape"] as? [Int] == [1, 3])
      #expect(outputs["num_detections"]?["data"] as? [Int] == [3])
      let boxes = try #require(outputs["boxes"]?["data"] as? [Double])
      #expect(outputs["boxes"]?["shape"] as? [Int] == [1, 3, 4] && boxes.count == 12)
      for (side, expected) in zip(boxes, scene.dogBox) { #expect(abs(side - expected) < 2) }
    }
  }

  @Test("pixels give the same detections as the image")
  func pixels() async throws {
    let image = try Image(decoding: try ServedScene.current.imageBytes)
    let tensor = KServeTensor("UINT8", [1, image.height, image.width, 3], bytes: image.pixels)
    let outputs = try outputs(try await service.infer(tensor))
    #expect(outputs["labels"]?["data"] as? [Int] == scene.classIDs)
  }

  @Test("numbers may be flat or nested in the JSON, or bytes after it")
  func numbersInJSON() async throws {
    // Every fourth pixel: a hundred thousand numbers are enough.
    let image = try Image(decoding: try ServedScene.current.imageBytes)
    let rows = stride(from: 0, to: image.height, by: 4).map { row in
      stride(from: 0, to: image.width, by: 4).map { column in
        let pixel = image[column, row]
        return [pixel.red, pixel.green, pixel.blue].map(Int.init)
      }
    }
    let flat = rows.flatMap { $0.flatMap(\.self) }
    let shape = [1, rows.count, rows[0].count, 3]
    var boxes: [[Double]] = []
    for tensor in [
      KServeTensor("UINT8", shape, bytes: flat.map(UInt8.init)), KServeTensor("UINT8", shape, data: flat),
      KServeTensor("UINT8", shape, data: [rows]),
    ] {
      let outputs = try outputs(try await service.infer(tensor))
      boxes.append(try #require(outputs["boxes"]?["data"] as? [Double]))
    }
    #expect(!boxes[0].isEmpty && boxes[1] == boxes[0] && boxes[2] == boxes[0])
  }

  @Test("the network's input gives boxes in its pixels")
  func planes() async throws {
    let model = try TestService.nano()
    let prepared = model.prepare(try Image(decoding: try ServedScene.current.imageBytes))
    let bytes = prepared.pixels.values.flatMap { value in
      withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }
    let outputs = try outputs(
      try await service.infer(KServeTensor("FP32", [1, 3, scene.inputSide, scene.inputSide], bytes: bytes)))
    #expect(outputs["labels"]?["data"] as? [Int] == scene.classIDs)
    let boxes = try #require(outputs["boxes"]?["data"] as? [Double])
    let scale = Double(prepared.letterbox.scale)
    for (side, expected) in zip(boxes, scene.dogBox) {
      #expect(abs(side - expected * scale) < 2)
    }
  }

  @Test("images with fewer detections are padded")
  func batch() async throws {
    let gray = Image(width: 64, height: 48, gray: 114)
    let elements = KServeTensor.elements([
      try gray.encoded(as: .png), try ServedScene.current.imageBytes,
    ])
    let outputs = try outputs(try await service.infer(KServeTensor("BYTES", [2], bytes: elements)))
    #expect(outputs["num_detections"]?["data"] as? [Int] == [0, 3])
    #expect(outputs["labels"]?["data"] as? [Int] == [-1, -1, -1] + scene.classIDs)
    #expect(outputs["boxes"]?["shape"] as? [Int] == [2, 3, 4])
    #expect((outputs["boxes"]?["data"] as? [Double])?.prefix(12).allSatisfy { $0 == 0 } == true)
  }

  // MARK: Outputs

  @Test("all outputs or single ones may follow the JSON as bytes")
  func binaryOutputs() async throws {
    let tensor = KServeTensor("BYTES", [1], bytes: try KServeTensor.dogs(1))
    let response = try await service.infer(
      tensor, parameters: ["binary_data_output": true, "score_threshold": 0.4],
      outputs: [
        ["name": "labels"], ["name": "scores", "parameters": ["binary_data": false]], ["name": "boxes"],
      ])
    #expect(response.status == 200 && response.fields["content-type"] == "application/octet-stream")
    let length = try #require(response.fields["inference-header-content-length"].flatMap { Int($0) })
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(response.bytes[..<length])) as? [String: Any])
    let outputs = try #require(json["outputs"] as? [[String: Any]])
    #expect(outputs.map { $0["name"] as? String } == ["labels", "scores", "boxes"])
    #expect(outputs.map { ($0["parameters"] as? [String: Int])?["binary_data_size"] } == [24, nil, 48])
    #expect(outputs[0]["data"] == nil && (outputs[1]["data"] as? [Double])?.count == 3)
    let binary = response.bytes[length...]
    #expect(binary.count == 72)
    #expect(Array(binary.prefix(8)) == [UInt8(scene.classIDs[0]), 0, 0, 0, 0, 0, 0, 0])
    let x1 = Float(bitPattern: binary.dropFirst(24).prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) })
    #expect(abs(Double(x1) - scene.dogBox[0]) < 2)
  }

  @Test("raw has the predictions from which the boxes follow, in JSON as in bytes")
  func raw() async throws {
    let model = try TestService.nano()
    let prepared = model.prepare(try Image(decoding: try ServedScene.current.imageBytes))
    let bytes = prepared.pixels.values.map(\.bitPattern.littleEndian).withUnsafeBytes { Array($0) }
    let tensor = KServeTensor("FP32", [1, 3, scene.inputSide, scene.inputSide], bytes: bytes)
    let requested = [["name": "raw"], ["name": "boxes"], ["name": "scores"]]
    let outputs = try outputs(try await service.infer(tensor, outputs: requested))
    #expect(outputs["raw"]?["shape"] as? [Int] == [1, scene.anchorCount, scene.columnCount])
    let raw = try #require(outputs["raw"]?["data"] as? [Double])

    // The best row is the dog's; rows of cells of 8 pixels come first, then those of 16 and of 32.
    let columns = scene.columnCount
    func score(_ row: Int) -> Double { raw[row * columns + 4] * raw[row * columns + 5 + scene.classIDs[0]] }
    let best = try #require((0..<scene.anchorCount).max { score($0) < score($1) })
    let scores = try #require(outputs["scores"]?["data"] as? [Double])
    #expect(abs(score(best) - scores[0]) < 1e-5)
    var (first, stride) = (0, 8)
    while best - first >= (scene.inputSide / stride) * (scene.inputSide / stride) {
      first += (scene.inputSide / stride) * (scene.inputSide / stride)
      stride *= 2
    }
    let (cells, size) = (scene.inputSide / stride, Double(stride))
    let box = Array(raw[best * columns..<best * columns + 4])
    let center = [box[0] + Double((best - first) % cells), box[1] + Double((best - first) / cells)]
    let corner = zip(center, box[2...]).map { ($0 - exp($1) / 2) * size }
    for (side, expected) in zip(corner, try #require(outputs["boxes"]?["data"] as? [Double])) {
      #expect(abs(side - expected) < 0.01)
    }

    let answer = try await service.infer(
      tensor, parameters: ["binary_data_output": true], outputs: [["name": "raw"]])
    let length = try #require(answer.fields["inference-header-content-length"].flatMap { Int($0) })
    let numbers = answer.bytes[length...].withUnsafeBytes { bytes in
      (0..<bytes.count / 4).map { index in
        Float(
          bitPattern: UInt32(
            littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)))
      }
    }
    #expect(numbers == raw.map { Float($0) })
  }

  @Test(
    "an FP32 tensor with a number that is not finite is rejected, and the number named",
    arguments: [false, true])
  func notFinite(binaryOutput: Bool) async throws {
    for (value, text) in [(Float.nan, "nan"), (.infinity, "inf"), (-.infinity, "-inf")] {
      var values = Array(
        repeating: Float(114).bitPattern.littleEndian, count: 3 * scene.inputSide * scene.inputSide)
      values[77] = value.bitPattern.littleEndian
      let tensor = KServeTensor(
        "FP32", [1, 3, scene.inputSide, scene.inputSide], bytes: values.withUnsafeBytes { Array($0) })
      let response = try await service.infer(
        tensor, parameters: ["binary_data_output": binaryOutput], outputs: [["name": "raw"]])
      let error = try response.json["error"] as? String ?? ""
      #expect(
        response.status == 400 && error.contains("Element 77 ") && error.contains(" \(text);"), "\(error)")
    }
  }

  @Test("raw with numbers that JSON cannot express is an error, and bytes on request")
  func overflow() async throws {
    let large = Array(
      repeating: Float.greatestFiniteMagnitude.bitPattern.littleEndian,
      count: 3 * scene.inputSide * scene.inputSide)
    let tensor = KServeTensor(
      "FP32", [1, 3, scene.inputSide, scene.inputSide], bytes: large.withUnsafeBytes { Array($0) })
    let json = try await service.infer(tensor, outputs: [["name": "raw"]])
    #expect(try json.status == 400 && (json.json["error"] as? String)?.contains("binary_data") == true)
    let binary = try await service.infer(
      tensor, parameters: ["binary_data_output": true], outputs: [["name": "raw"]])
    #expect(binary.status == 200 && binary.bytes.count > scene.anchorCount * scene.columnCount * 4)
  }

  @Test("raw is limited to eight images")
  func mostRaw() async throws {
    let gray = try Image(width: 8, height: 8, gray: 114).encoded(as: .png)
    func infer(_ count: Int) async throws -> RawResponse {
      let elements = KServeTensor.elements(Array(repeating: gray, count: count))
      return try await service.infer(
        KServeTensor("BYTES", [count], bytes: elements), parameters: ["binary_data_output": true],
        outputs: [["name": "raw"]])
    }
    let eight = try await infer(8)
    #expect(eight.status == 200 && eight.bytes.count > 8 * scene.anchorCount * scene.columnCount * 4)
    #expect(try await infer(9).status == 413)
  }

  @Test("no detections are an empty tensor")
  func nothing() async throws {
    let tensor = KServeTensor("BYTES", [1], bytes: try KServeTensor.dogs(1))
    let outputs = try outputs(try await service.infer(tensor, parameters: ["score_threshold": 0.99]))
    #expect(outputs["boxes"]?["shape"] as? [Int] == [1, 0, 4])
    #expect((outputs["boxes"]?["data"] as? [Double])?.isEmpty == true)
  }

  // MARK: Errors

  @Test("invalid tensors are rejected with the reason")
  func errors() async throws {
    let pixel = KServeTensor("UINT8", [1, 1, 1, 3], data: [1, 2, 3])
    for (tensor, status, word) in [
      (KServeTensor("INT8", [1], data: [1]), 400, "INT8"),
      (KServeTensor("BYTES", [2], bytes: try KServeTensor.dogs(1)), 400, "shape"),
      (KServeTensor("BYTES", [1], bytes: Array(try KServeTensor.dogs(1).dropLast())), 400, "end within"),
      (KServeTensor("BYTES", [1], bytes: [255, 255, 255, 255]), 400, "end within"),
      (KServeTensor("BYTES", [0], bytes: []), 400, "no image"),
      (KServeTensor("BYTES", [1], data: ["not base64"]), 400, "base64"),
      (KServeTensor("BYTES", [1], data: ["aGVsbG8="]), 415, "JPEG"),
      (KServeTensor("UINT8", [1, 0, 5, 3], data: [Int]()), 400, "shape"),
      (KServeTensor("UINT8", [1, 1, 1, 4], data: [1, 2, 3, 4]), 400, "shape"),
      (KServeTensor("UINT8", [1, 1, 1, 3], data: [1, 2, 300]), 400, "data"),
      (KServeTensor("UINT8", [1, 1, 1, 3], data: [1, 2]), 400, "shape"),
      (KServeTensor("UINT8", [-1, -1, 1, 3], data: [1, 2, 3]), 400, "shape"),
      (KServeTensor("UINT8", [Int.max, 2, 2, 3], data: [1]), 400, "shape"),
      (
        KServeTensor("FP32", [1, 3, 2, 2], data: (0..<12).map(Double.init)), 400,
        "[n, 3, \(scene.inputSide), \(scene.inputSide)]"
      ),
      (KServeTensor("FP32", [1], bytes: [1, 2, 3]), 400, "FP32"),
    ] as [(KServeTensor, Int, String)] {
      let response = try await service.infer(tensor)
      let error = try response.json["error"] as? String ?? ""
      #expect(
        response.status == status && error.contains(word), "\(tensor.datatype) \(tensor.shape): \(error)")
    }
    for (parameters, outputs, word) in [
      (["score_threshold": 2], nil, "score_threshold"), (["sequence_id": 1], nil, "sequence_id"),
      (["model": "a"], nil, "model"), ([:], [["name": "logits"]], "logits"),
      ([:], [["name": "boxes", "parameters": ["classification": 3]]], "classification"),
    ] as [([String: Any], [[String: Any]]?, String)] {
      let response = try await service.infer(pixel, parameters: parameters, outputs: outputs)
      #expect(try response.status == 400 && (response.json["error"] as? String)?.contains(word) == true)
    }
    let mislabelled = try await service.infer(pixel, fields: "Content-Encoding: gzip\r\n")
    #expect(try mislabelled.status == 400 && (mislabelled.json["error"] as? String)?.contains("gzip") == true)
    let short = try await service.infer(pixel, fields: "Inference-Header-Content-Length: 100000\r\n")
    #expect(try short.status == 400 && short.json["error"] is String)
  }
}
