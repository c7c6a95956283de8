/** The folder's list: every service, loaded when first needed. A new service is one line here and one in `Services`. */
import type { Service } from "../service.ts";
import type { sts } from "./sts.ts";
