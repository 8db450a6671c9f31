import Engine
import Foundation
import TestSupport
import Testing
import YOLOX

/// `Tests/Fixtures/Networks/state_dicts.json`: parameter counts, keys and shapes of the authors' seven networks.
private struct StateDict: Decodable {
  let parameters: Int
  let shapes: [String: [Int]]

  enum CodingKeys: String, CodingKey {
    case parameters
    case shapes = "state_dict"
  }
}

@Suite("Network", .computing)
struct NetworkTests {
  @Test("has the authors' parameter count, state_dict keys and shapes", arguments: Variant.allCases)
  func stateDict(variant: Variant) throws {
    let golden = try JSONDecoder().decode(
      [String: StateDict].self, from: Fixture.data("Networks/state_dicts.json"))
    let expected = try #require(golden[variant.rawValue])
    let graph = Graph.yolox(variant.architecture, classCount: 80)

    var shapes = Dictionary(uniqueKeysWithValues: graph.parameterShapes.map { ($0.name, $0.shape) })
    for name in shapes.keys where name.hasSuffix(".running_mean") {
      // The authors' BatchNorm also counts its batches; no network reads that number.
      shapes[name.dropLast("running_mean".count) + "num_batches_tracked"] = []
    }
    #expect(Set(shapes.keys).symmetricDifference(expected.shapes.keys).sorted() == [])
    #expect(shapes == expected.shapes)
    #expect(graph.parameterCount == expected.parameters)
  }
}
