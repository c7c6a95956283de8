/** Our own glyphs, 24 × 24, strokes only: they take the colour of what they stand for. */
export const icons: Record<string, string> = {
  users:
    '<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6M15.5 5a3.5 3.5 0 0 1 0 6.500M17.5 14.500c2.2.6 3.6 2.400 4 5.5"/>',
  dns: '<circle cx="12" cy="12" r="9"/><path d="M3 12h18M12 3c3 3 3.5 6 3.5 9s-.5 6-3.5 9c-3-3-3.5-6-3.5-9S9 6 12 3"/>',
  balancer:
    '<circle cx="5" cy="12" r="2.5"/><circle cx="19" cy="5" r="2.5"/><circle cx="19" cy="12" r="2.5"/><circle cx="19" cy="19" r="2.5"/><path d="M7.5 12h9M7 10.5 16.8 6M7 13.500l9.8 4.5"/>',
  internet: '<path d="M6.5 18a4.5 4.5 0 0 1-.4-9 6 6 0 0 1 11.6-1A4.8 4.8 0 0 1 17.5 18zM12 21v-8M9.5 15.5 12 13l2.5 2.5"/>',
  nat: '<rect x="3" y="6" width="18" height="12" rx="2"/><path d="M7 12h10M14 9l3 3-3 3"/>',
  hosts:
    '<rect x="4" y="4" width="16" height="16" rx="2"/><rect x="8.5" y="8.5" width="7" height="7" rx="1"/><path d="M9 1.500V4M15 1.500V4M9 20v2.500M15 20v2.500M1.5 9H4M1.5 15H4M20 9h2.500M20 15h2.5"/>',
  containers: '<path d="M12 2.5 20.5 7v10L12 21.5 3.5 17V7zM3.5 7 12 11.5 20.5 7M12 11.500v10"/>',
  database: '<ellipse cx="12" cy="5.5" rx="8" ry="3"/><path d="M4 5.500v13c0 1.7 3.6 3 8 3s8-1.3 8-3v-13M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3"/>',
  bucket: '<path d="M4 5.5 6 20c.2 1 2.7 2 6 2s5.8-1 6-2l2-14.5"/><ellipse cx="12" cy="5.5" rx="8" ry="2.8"/>',
  files:
    '<path d="M3 6.500A1.5 1.5 0 0 1 4.5 5H9l2 2.500h8.500A1.5 1.5 0 0 1 21 9v9.500a1.5 1.5 0 0 1-1.5 1.500h-15A1.5 1.5 0 0 1 3 18.500zM7 13.500h10M14.5 11l2.5 2.5-2.5 2.5"/>',
  router:
    '<circle cx="12" cy="12" r="9"/><path d="M12 4.500v5M10 6.500l2-2 2 2M12 19.500v-5M10 17.500l2 2 2-2M9.5 12h-5M6.5 10l-2 2 2 2M14.5 12h5M17.5 10l2 2-2 2"/>',
  line: '<path d="M2 8h5a2 2 0 0 1 2 2v4a2 2 0 0 0 2 2h11M2 16h5a2 2 0 0 0 2-2M13 8h9M19.5 5.5 22 8l-2.5 2.500M19.5 13.5 22 16l-2.5 2.5"/>',
  tunnel: '<rect x="5" y="11" width="14" height="9.5" rx="1.5"/><path d="M8 11V8a4 4 0 0 1 8 0v3M12 14.500v2.5"/>',
  hub: '<circle cx="12" cy="12" r="3.5"/><circle cx="4" cy="4.5" r="2"/><circle cx="20" cy="4.5" r="2"/><circle cx="4" cy="19.5" r="2"/><circle cx="20" cy="19.5" r="2"/><path d="m9.5 9.5-4-3.500M14.5 9.500l4-3.500M9.5 14.500l-4 3.500M14.5 14.500l4 3.5"/>',
  registry: '<path d="M12 2.5 20.5 7v10L12 21.5 3.5 17V7z"/><path d="M8 10.500h8M8 14h5"/>',
  systems:
    '<circle cx="12" cy="12" r="3.2"/><path d="M12 2.500v3.800M12 17.700v3.800M2.5 12h3.800M17.7 12h3.800M5.3 5.300l2.7 2.700M16 16l2.7 2.700M5.3 18.7 8 16M16 8l2.7-2.7"/>',
  backup: '<path d="M3 4h18v5H3zM5 9v11h14V9M9.5 13h5"/>',
  alarm: '<path d="M18 16.500H6c1.3-1.3 1.5-3 1.5-6a4.5 4.5 0 0 1 9 0c0 3 .2 4.7 1.5 6M10 19.500a2 2 0 0 0 4 0M12 3.500V6"/>',
  key: '<circle cx="8" cy="15.5" r="4.5"/><path d="m11.3 12.3 8.2-8.300M16 7.500l3 3M13.5 10l2 2"/>',
  scaling: '<rect x="8" y="8" width="8" height="8" rx="1"/><path d="M3 8V3h5M16 3h5v5M21 16v5h-5M8 21H3v-5"/>',
};
