import Checkpoints
import Foundation
import Imaging
import TestSupport
import Testing
import YOLOX

/// Compares with SAHI (Fixtures/Slices, make.py).
@Suite("Slices")
struct SliceTests {
  private struct Golden: Decodable {
    struct Tiles: Decodable {
      let image: [Int]
      let slice: [Int]
      let overlap: Double
      let tiles: [[Int]]
    }
    struct Merge: Decodable {
      struct Result: Decodable {
        let method: String
        let metric: String
        let threshold: Float
        let classAgnostic: Bool
        let detections: [[Float]]

        private enum CodingKeys: String, CodingKey {
          case method, metric, threshold, detections
          case classAgnostic = "class_agnostic"
        }
      }
      let detections: [[Float]]
      let results: [Result]
    }
    let tiles: [Tiles]
    let merges: [Merge]

    static var sahi: Golden {
      get throws { try JSONDecoder().decode(Golden.self, from: Fixture.data("Slices/sahi.json")) }
    }
  }

  private func detection(_ row: [Float]) -> Detection {
    Detection(classID: Int(row[5]), score: row[4], box: Box(x1: row[0], y1: row[1], x2: row[2], y2: row[3]))
  }

  @Test("tiles of a size are SAHI's, and the whole image comes last")
  func tiles() throws {
    for golden in try Golden.sahi.tiles {
      let options = SliceOptions(
        .size(width: golden.slice[0], height: golden.slice[1]), overlap: golden.overlap)
      let tiles = try options.tiles(width: golden.image[0], height: golden.image[1])
      let corners = tiles.map { [$0.x, $0.y, $0.x + $0.width, $0.y + $0.height] }
      let whole = [0, 0, golden.image[0], golden.image[1]]
      #expect(corners == (golden.tiles.count > 1 ? golden.tiles + [whole] : [whole]), "\(golden)")
    }
  }

  @Test("detections of tiles are merged as SAHI merges them")
  func merges() throws {
    for golden in try Golden.sahi.merges {
      let detections = golden.detections.map(detection)
      for result in golden.results {
        let merge = SliceMerge(
          try #require(.init(rawValue: result.method)), metric: try #require(.init(rawValue: result.metric)),
          threshold: result.threshold)
        let merged = detections.merged(merge, classAgnostic: result.classAgnostic)
        func key(_ detection: Detection) -> [Float] {
          let box = detection.box
          return [-detection.score, box.x1, box.y1, box.x2, box.y2]
        }
        let expected = result.detections.map(detection)
        #expect(merged.map(\.score) == expected.map(\.score), "\(merge)")
        #expect(
          merged.sorted { key($0).lexicographicallyPrecedes(key($1)) }
            == expected.sorted { key($0).lexicographicallyPrecedes(key($1)) }, "\(merge)")
      }
    }
  }

  @Test("a grid covers every pixel with tiles of one size that overlap as much as asked")
  func grid() throws {
    for (width, height) in [(1920, 1080), (640, 480), (101, 97), (3841, 2161)] {
      for (columns, rows) in [(2, 2), (3, 2), (1, 4), (8, 8)] {
        let options = SliceOptions(.grid(columns: columns, rows: rows))
        let tiles = try options.tiles(width: width, height: height)
        #expect(tiles.last == Tile(x: 0, y: 0, width: width, height: height))
        #expect(tiles.count <= columns * rows + 1)
        let spans = Set(tiles.dropLast().map { $0.x..<$0.x + $0.width }).sorted {
          $0.lowerBound < $1.lowerBound
        }
        #expect(spans.first?.lowerBound == 0 && spans.last?.upperBound == width)
        for (left, right) in zip(spans, spans.dropFirst()) {
          #expect(left.count == right.count)
          // Rounding to whole pixels takes one.
          #expect(Double(left.upperBound - right.lowerBound) >= 0.2 * Double(left.count) - 1)
        }
      }
    }
  }

  @Test(
    "an image without room for two tiles is one tile, and too many tiles are an error",
    arguments: [1, 31, 63])
  func bounds(side: Int) throws {
    #expect(try SliceOptions(.grid(columns: 8, rows: 8)).tiles(width: side, height: side).count == 1)
    let small = SliceOptions(.size(width: 32, height: 32), overlap: 0.9)
    #expect(throws: TooManyTiles.self) { try small.tiles(width: 1 << 20, height: 1 << 20) }
    #expect(try SliceOptions(.size(width: 640, height: 640)).tiles(width: side, height: side).count == 1)
  }

  @Test("text that is no layout is none")
  func texts() {
    #expect(SliceOptions.Layout(grid: "3x2") == .grid(columns: 3, rows: 2))
    for text in [
      "", "3", "x", "3x", "0x2", "-1x-1", "65x1", "9x8", "3x2x1", "nanx2", "9223372036854775807x2",
    ] {
      #expect(SliceOptions.Layout(grid: text) == nil, "\(text)")
    }
    #expect(SliceOptions.Layout(size: "640") == .size(width: 640, height: 640))
    #expect(SliceOptions.Layout(size: "640x480") == .size(width: 640, height: 480))
    for text in ["", "1", "31", "1x1", "640x1", "nan", "1e3", "65537", "640x480x2"] {
      #expect(SliceOptions.Layout(size: text) == nil, "\(text)")
    }
  }

  @Test("a part of an image is prepared as a copy of the part would be")
  func parts() throws {
    let scene = try ServedScene.current
    let image = try Image(decoding: scene.imageBytes)
    let model = try Model(PretrainedWeights(Checkpoint(scene.weights, path: "scene")), name: "scene")
    let tile = Tile(x: 101, y: 57, width: 333, height: 222)
    var copy = Image(width: tile.width, height: tile.height)
    for y in 0..<tile.height {
      for x in 0..<tile.width { copy[x, y] = image[tile.x + x, tile.y + y] }
    }
    #expect(model.prepare(image, tile: tile).pixels.values == model.prepare(copy).pixels.values)
  }
}
