import FoundationCompatibility
import HTTPServer
import HTTPTypes
import Imaging
import YOLOX

/// An inference request: JSON, followed by the bytes of those tensors that the JSON does not contain (Open Inference Protocol,
/// "Inference Request JSON Object"; Triton's binary tensor data extension).
///
///     {"inputs": [{"name": "images", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 9}}]}
///     <Inference-Header-Content-Length bytes up to here> 05 00 00 00 …5 bytes…
struct InferRequest: Sendable {
  let id: String?
  let input: InferTensor
  let outputs: [InferOutput]
  let detection: DetectParameters

  /// The protocol's own request parameters. Priorities and timeouts are ignored; X-Request-Timeout-Ms sets the timeout.
  private static let protocolParameters: Set<String> = ["binary_data_output", "priority", "timeout"]

  /// Raw predictions are megabytes per image, more in JSON.
  static let maxRawImages = 8

  var wantsRaw: Bool { outputs.contains { $0.name == .raw } }

  init(_ request: Request) throws(Problem) {
    // Triton's raw binary request: the body is the one element of the one input, without its length before it.
    if request.fields[.inferenceHeaderContentLength] == "0", !request.body.isEmpty {
      id = nil
      input = InferTensor(
        name: "images", shape: [1], datatype: .bytes, parameters: [:], elements: .bytes([request.body]))
      outputs = InferOutput.Name.defaults.map { InferOutput(name: $0, isBinary: false) }
      do { detection = try DetectParameters([]) } catch { throw Problem(error) }
      return
    }
    let (json, binary) = try InferRequest.split(request)
    let document = try InferDocument(json)
    id = document.id
    guard var input = document.input else { throw .invalidBody("The JSON has no inputs; expected 1.") }
    try InferRequest.fill(&input, binary)
    self.input = input

    let parameters = document.parameters
    let prefersBinary = parameters["binary_data_output"]?.bool ?? false
    if document.outputs.isEmpty {
      outputs = InferOutput.Name.defaults.map { InferOutput(name: $0, isBinary: prefersBinary) }
    } else {
      var outputs: [InferOutput] = []
      for output in document.outputs {
        let output = try InferOutput(output.name, output.parameters, prefersBinary: prefersBinary)
        guard !outputs.contains(where: { $0.name == output.name }) else {
          throw .invalidBody("The output '\(output.name.rawValue)' is requested twice.")
        }
        outputs.append(output)
      }
      self.outputs = outputs
    }

    let detectParameters = parameters.filter { !InferRequest.protocolParameters.contains($0.key) }
    do throws(DetectParameters.Invalid) {
      // The path names the model, and the protocol the format.
      detection = try DetectParameters(
        detectParameters.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) },
        without: [.model, .format, .profile])
    } catch { throw Problem(error) }
  }

  // MARK: Body

  private static func split(_ request: Request) throws(Problem) -> (
    json: ArraySlice<UInt8>, binary: ArraySlice<UInt8>
  ) {
    guard let text = request.fields[.inferenceHeaderContentLength] else { return (request.body[...], []) }
    guard let length = Int(text), (0...request.body.count).contains(length) else {
      throw .invalidField(
        .inferenceHeaderContentLength, text,
        expected: "a number of bytes up to the body's \(request.body.count)")
    }
    return (request.body[..<length], request.body[length...])
  }

  private static func fill(_ input: inout InferTensor, _ binary: ArraySlice<UInt8>) throws(Problem) {
    if input.parameters["shared_memory_region"] != nil {
      throw .invalidBody("Shared memory is not supported; send the elements of input '\(input.name)'.")
    }
    if let size = input.binarySize {
      guard size == binary.count else {
        throw .invalidBody(
          "Input '\(input.name)' has a binary_data_size of \(size), but \(binary.count) bytes follow the JSON."
        )
      }
      try input.setElements(binary)
    } else if !binary.isEmpty {
      throw .invalidBody("\(binary.count) bytes follow the JSON, but no input has a binary_data_size.")
    }
    guard let elements = input.elements else { throw .invalidBody("Input '\(input.name)' has no data.") }
    guard elements.count == input.elementCount else {
      throw .invalidBody(
        "Input '\(input.name)' has \(elements.count) elements, which does not match its shape \(input.shape)."
      )
    }
  }
}

// MARK: - Images

extension InferRequest {
  /// The images of the input, one for each element of its first dimension.
  func images(for model: Model, limits: ImageLimits) throws(Problem) -> [ImageInput] {
    let shape = input.shape
    let count = shape.first ?? 0
    guard count > 0 else { throw .noImage("Input '\(input.name)' of shape \(shape) has no image.") }
    let limit = wantsRaw ? InferRequest.maxRawImages : DetectRequest.maxImages
    guard count <= limit else { throw .tooManyImages(count: count, limit: limit) }
    switch input.elements {
    case .bytes(let elements):
      guard elements.count == count else { throw wrongShape("[n]") }
      return elements.map(ImageInput.encoded)
    case .uint8(let values):
      guard shape.count == 4, shape[3] == 3, !values.isEmpty else {
        throw wrongShape("[n, height, width, 3]")
      }
      let (height, width) = (shape[1], shape[2])
      guard limits.admits(width: width, height: height) else {
        throw Problem(ImageError.tooLarge(width: width, height: height, limits: limits))
      }
      return split(values, count).map { .pixels(Image(width: width, height: height, pixels: $0)) }
    case .fp32(let values):
      let size = model.inputSize
      guard shape.count == 4, shape[1] == 3, shape[2] == size.height, shape[3] == size.width else {
        throw wrongShape("[n, 3, \(size.height), \(size.width)]")
      }
      return split(values, count).map(ImageInput.planes)
    case nil: return []
    }
  }

  private func split<Element>(_ values: [Element], _ count: Int) -> [[Element]] {
    let size = values.count / count
    if count == 1 { return [values] }
    return (0..<count).map { Array(values[$0 * size..<($0 + 1) * size]) }
  }

  private func wrongShape(_ expected: String) -> Problem {
    .invalidBody(
      "Input '\(input.name)' of \(input.datatype.rawValue) has the shape \(input.shape); expected \(expected)."
    )
  }
}

extension HTTPField.Name {
  static let inferenceHeaderContentLength = HTTPField.Name("Inference-Header-Content-Length")!  // a token
}
