/** Rules, as a table: what is asked, and which rule answers. */
import type { Action, RuleCondition } from "@aws-sdk/client-elastic-load-balancing-v2";
import { expect, test } from "vitest";
import { redirectOf, route, weighted, wild, type Asked } from "./routing.ts";

const DefaultActions: Action[] = [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }];
const plain: Asked = { host: "shop.example.com", path: "/api/orders", method: "GET" };

function answers(conditions: RuleCondition[], asked: Partial<Asked>): boolean {
  const rule = { Conditions: conditions, Actions: DefaultActions };
  return route({ rules: [rule], DefaultActions }, { ...plain, ...asked }).rule === rule;
}

const header = (HttpHeaderName: string, ...Values: string[]): RuleCondition => ({
  Field: "http-header",
  HttpHeaderConfig: { HttpHeaderName, Values },
});
const path = (...Values: string[]): RuleCondition => ({ Field: "path-pattern", Values });
const host = (...Values: string[]): RuleCondition => ({ Field: "host-header", HostHeaderConfig: { Values } });
const query = (...Values: { Key?: string; Value: string }[]): RuleCondition => ({ Field: "query-string", QueryStringConfig: { Values } });
const source = (...Values: string[]): RuleCondition => ({ Field: "source-ip", SourceIpConfig: { Values } });
const method = (...Values: string[]): RuleCondition => ({ Field: "http-request-method", HttpRequestMethodConfig: { Values } });

test.each<[string, RuleCondition[], Partial<Asked>, boolean]>([
  ["a path by its beginning", [path("/api/*")], {}, true],
  ["a path tells capitals", [path("/API/*")], {}, false],
  ["one of several paths", [path("/a", "/api/order?")], {}, true],
  ["a host does not tell capitals, and has no port", [host("SHOP.example.com")], { host: "shop.EXAMPLE.com:8080" }, true],
  ["a host by a wildcard for one character", [host("sho?.example.com")], {}, true],
  ["a wildcard wants its dot", [host("*.example.com")], { host: "example.com" }, false],
  ["a dot is no wildcard", [host("shop.example.com")], { host: "shopXexample.com" }, false],
  ["a header by its name in any case", [header("X-Tier", "gold*")], { headers: { "x-tier": "Golden" } }, true],
  ["no such header", [header("X-Tier", "*")], {}, false],
  ["a method", [method("POST", "GET")], {}, true],
  ["a method is exact", [method("get")], {}, false],
  ["a query's pair", [query({ Key: "v", Value: "2*" })], { query: [["V", "2.1"]] }, true],
  ["a value of any key", [query({ Value: "beta" })], { query: [["channel", "beta"]] }, true],
  ["an address in a range", [source("10.0.0.0/8", "192.168.1.0/24")], { source: "192.168.1.77" }, true],
  ["an address outside", [source("192.168.1.0/24")], { source: "192.168.2.1" }, false],
  ["all conditions must hold", [path("/api/*"), method("POST")], {}, false],
])("a rule holds or not: %s", (_name, conditions, asked, expected) => expect(answers(conditions, asked)).toBe(expected));

test("the first rule that holds answers, else the default", () => {
  const rule = (value: string, StatusCode: string) => ({
    Conditions: [path(value)],
    Actions: [{ Type: "fixed-response" as const, FixedResponseConfig: { StatusCode } }],
  });
  const book = { rules: [rule("/api/special", "201"), rule("/api/*", "202")], DefaultActions };
  const code = (asked: string) => route(book, { ...plain, path: asked }).action?.FixedResponseConfig?.StatusCode;
  expect(["/api/special", "/api/x", "/other"].map(code)).toEqual(["201", "202", "404"]);
});

test("a pattern that would take for ever as a regular expression does not", () => {
  expect(wild(`${"*a".repeat(20)}b`, "a".repeat(4000))).toBe(false);
  expect(wild("a*b?c*", "aXXbYc")).toBe(true);
  expect(wild("*", "")).toBe(true);
  expect(wild("?", "")).toBe(false);
});

test("a redirect keeps what it does not name", () => {
  const listener = { Protocol: "HTTP", Port: 80 };
  const asked: Asked = { ...plain, query: [["page", "2"]] };
  const to = (config: object) => redirectOf({ StatusCode: "HTTP_301", ...config }, asked, listener).location;
  expect(to({ Protocol: "HTTPS", Port: "443" })).toBe("https://shop.example.com/api/orders?page=2");
  expect(to({ Host: "new.#{host}", Path: "/v2/#{path}", Query: "" })).toBe("http://new.shop.example.com/v2/api/orders");
  expect(to({ Port: "8443", Protocol: "HTTPS" })).toBe("https://shop.example.com:8443/api/orders?page=2");
  expect(redirectOf({ StatusCode: "HTTP_302", Port: "81" }, plain, listener).status).toBe(302);
});

test("weights are shares; a weight of 0 gets nothing", () => {
  const TargetGroups = [
    { TargetGroupArn: "a", Weight: 1 },
    { TargetGroupArn: "b", Weight: 3 },
    { TargetGroupArn: "c", Weight: 0 },
  ];
  expect(weighted({ Type: "forward", ForwardConfig: { TargetGroups } })).toEqual([
    { group: "a", share: 0.25 },
    { group: "b", share: 0.75 },
  ]);
  expect(weighted({ Type: "forward", TargetGroupArn: "a" })).toEqual([{ group: "a", share: 1 }]);
});
