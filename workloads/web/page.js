/** The one page of the shop, without scripts, so that it works wherever HTML does. */

const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text) => String(text).replaceAll(/[&<>"]/g, (character) => entities[character]);

const line = ({ sequence, quantity, item, placedAt }) =>
  `<tr><td>${sequence}</td><td>${quantity} × ${escaped(item)}</td><td>${escaped(placedAt)}</td></tr>`;

/** `orders`: the latest, or undefined when they cannot be had. */
export const page = (region, orders) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Shop</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
  table { border-collapse: collapse; width: 100% }
  td, th { text-align: left; padding: 0.25rem 0.5rem; border-bottom: 1px solid #8884 }
  input { font: inherit } input[type=number] { width: 5rem }
</style>
<h1>Shop</h1>
<form method="post">
  <input name="quantity" type="number" min="1" max="1000" value="1" aria-label="Quantity" required>
  <input name="item" maxlength="100" placeholder="What would you like?" aria-label="Item" required>
  <button>Order</button>
</form>
${
  orders
    ? `<table><thead><tr><th>No.</th><th>Order</th><th>At</th></tr></thead><tbody>${orders.map(line).join("")}</tbody></table>`
    : "<p>Orders cannot be shown at the moment.</p>"
}
<footer><small>Served from ${escaped(region)}.</small></footer>
</html>
`;
